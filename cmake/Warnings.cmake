# Flags every target of ours is compiled with: all warnings, and no floating-point contraction, so that the same source
# gives the same bits natively and in WebAssembly. Warnings are errors with the compilers that we test with; another
# one's new warnings must not keep anybody from building.
set(tested_compiler OFF)
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^12\\.")
   OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^14\\."))
  set(tested_compiler ON)
endif()
option(DERMDISTILL_WERROR "Treat warnings as errors" ${tested_compiler})

add_library(dermdistill_flags INTERFACE)
target_compile_options(dermdistill_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -ffp-contract=off)
if(EMSCRIPTEN)
  target_compile_options(dermdistill_flags INTERFACE -Wno-unknown-pragmas)  # GCC's and OpenMP's, which mean nothing there
endif()
if(DERMDISTILL_WERROR)
  target_compile_options(dermdistill_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 reports both falsely on "literal" + std::string
  target_compile_options(dermdistill_flags INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_FLAGS MATCHES "fsanitize")
  target_compile_options(dermdistill_flags INTERFACE -Wno-maybe-uninitialized)  # GCC reports it falsely in instrumented std::regex
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_UNITY_BUILD)
  target_compile_options(dermdistill_flags INTERFACE -Wno-subobject-linkage)  # it takes a file within a file for a header
endif()
