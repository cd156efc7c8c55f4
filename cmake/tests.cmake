# meterseal_test(<room folder> [FOLDERS <folders in it>...]): one GoogleTest program per room from all x_test.cpp beside its x.cpp; every TEST is
# one entry of ctest. Heavy peers (libmosquitto, libmodbus) are added by tests/CMakeLists.txt.
find_package(GTest REQUIRED)
include(GoogleTest)

function(meterseal_test path)
  cmake_parse_arguments(TEST "" "" "FOLDERS;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" name "${path}_test")
  list(TRANSFORM TEST_FOLDERS REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/src/${path}/\\1/*_test.cpp")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${path}/*_test.cpp ${TEST_FOLDERS})
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  string(REPLACE "/" "_" room "room_${path}")
  target_link_libraries(${name} PRIVATE ${room} test_support GTest::gmock_main ${TEST_LIBRARIES})
  target_compile_definitions(${name} PRIVATE METERSEAL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name} PROPERTIES TIMEOUT 120)
endfunction()
