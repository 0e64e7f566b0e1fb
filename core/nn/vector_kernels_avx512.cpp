#include "core/nn/vector_kernels.h"

#define DERMDISTILL_KERNEL_SET avx512_set
#define DERMDISTILL_KERNEL_NAME "avx512"
#include "core/nn/vector_kernels_loops.h"

namespace dermdistill {

const VectorKernels& avx512_kernels();
const VectorKernels& avx512_kernels() { return avx512_set::kTable; }

}  // namespace dermdistill
