// The files of profiles/, byte for byte. The names here are those of default_profiles.cpp.

.macro embed name, path
    .global meterseal_profiles_\name
    .global meterseal_profiles_\name\()_end
meterseal_profiles_\name:
    .incbin "\path"
meterseal_profiles_\name\()_end:
.endm

    .section .rodata
    embed models, profiles/models.csv
    embed eastron, profiles/eastron.csv
    embed peacefair, profiles/peacefair.csv
    embed chint, profiles/chint.csv
    embed abb, profiles/abb.csv
    embed schneider, profiles/schneider.csv
    embed carlo_gavazzi, profiles/carlo_gavazzi.csv
    embed orno, profiles/orno.csv
    embed inepro, profiles/inepro.csv
    embed janitza, profiles/janitza.csv

// Without this note the linker would make the stack of the whole program executable.
    .section .note.GNU-stack, "", %progbits
