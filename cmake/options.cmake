# Compiler flags of every target. Hardening is part of the release, not an extra.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -fdiagnostics-color=auto
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(METERSEAL_DEVELOPER)
  add_compile_options(-Werror)
endif()

if(METERSEAL_SANITIZE)
  add_compile_options(-fsanitize=${METERSEAL_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${METERSEAL_SANITIZE})
  if(METERSEAL_SANITIZE STREQUAL "thread")
    add_compile_options(-Wno-tsan)  # Asio's fences, which g++ 12 warns of
  endif()
else()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fPIE)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
