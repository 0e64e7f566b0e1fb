# Flags every target of ours is compiled with: all warnings are errors, and no floating-point contraction,
# so that the same source gives the same bits natively and in WebAssembly.
add_library(dermdistill_flags INTERFACE)
target_compile_options(dermdistill_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(dermdistill_flags INTERFACE -Wno-restrict)  # GCC 12 reports it falsely on "literal" + std::string
endif()
