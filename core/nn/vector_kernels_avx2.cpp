#include "core/nn/vector_kernels.h"

#define DERMDISTILL_KERNEL_SET avx2_set
#define DERMDISTILL_KERNEL_NAME "avx2"
#include "core/nn/vector_kernels_loops.h"

namespace dermdistill {

const VectorKernels& avx2_kernels();
const VectorKernels& avx2_kernels() { return avx2_set::kTable; }

}  // namespace dermdistill
