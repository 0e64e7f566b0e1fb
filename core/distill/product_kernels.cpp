#include "core/distill/product_kernels.h"

namespace dermdistill {

const ProductKernels& portable_product_kernels();
#ifdef DERMDISTILL_X86_KERNELS
const ProductKernels& avx2_product_kernels();
const ProductKernels& avx512_product_kernels();
#endif

int product_kernel_count() {
#ifdef DERMDISTILL_X86_KERNELS
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
             ? 3
             : 2;
#else
  return 1;
#endif
}

const ProductKernels& product_kernels_at([[maybe_unused]] int index) {
#ifdef DERMDISTILL_X86_KERNELS
  if (index == 2) return avx512_product_kernels();
  if (index == 1) return avx2_product_kernels();
#endif
  return portable_product_kernels();
}

const ProductKernels& product_kernels() {
  static const ProductKernels& chosen = product_kernels_at(product_kernel_count() - 1);
  return chosen;
}

}  // namespace dermdistill
