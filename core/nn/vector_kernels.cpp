#include "core/nn/vector_kernels.h"

namespace dermdistill {

const VectorKernels& portable_kernels();
#ifdef DERMDISTILL_X86_KERNELS
const VectorKernels& avx2_kernels();
const VectorKernels& avx512_kernels();
#endif

const VectorKernels& vector_kernels() {
#ifdef DERMDISTILL_X86_KERNELS
  static const VectorKernels& chosen = [&]() -> const VectorKernels& {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return avx512_kernels();
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_kernels();
    return portable_kernels();
  }();
  return chosen;
#else
  return portable_kernels();
#endif
}

}  // namespace dermdistill
