// The built page, file by file (cmake/page.cmake). The names here are those of assets.cpp.

.macro embed name, path
    .global meterseal_page_\name
    .global meterseal_page_\name\()_end
meterseal_page_\name:
    .incbin "\path"
meterseal_page_\name\()_end:
.endm

    .section .rodata
    embed html, index.html.gz
    embed js, app.js.gz
    embed css, app.css.gz
    embed icon, icon.svg.gz

// Without this note the linker would make the stack of the whole program executable.
    .section .note.GNU-stack, "", %progbits
