#include "core/nn/vector_kernels.h"

#define DERMDISTILL_KERNEL_SET portable_set
#define DERMDISTILL_KERNEL_NAME "portable"
#include "core/nn/vector_kernels_loops.h"

namespace dermdistill {

const VectorKernels& portable_kernels();
const VectorKernels& portable_kernels() { return portable_set::kTable; }

}  // namespace dermdistill
