# Flags every target of ours is compiled with: all warnings are errors, and no floating-point contraction,
# so that the same source gives the same bits natively and in WebAssembly.
add_library(dermdistill_flags INTERFACE)
target_compile_options(dermdistill_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -ffp-contract=off)
