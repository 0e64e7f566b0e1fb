#include "core/nn/block_kernels.h"
#include "core/nn/vector_kernels.h"
#include "core/nn/winograd_kernels.h"

#define DERMDISTILL_KERNEL_SET portable_set
#define DERMDISTILL_KERNEL_NAME "portable"
#define DERMDISTILL_VECTOR_BYTES 16
#define DERMDISTILL_TILE_ROWS 4
// Each of these builds on the one before.
// clang-format off
#include "core/nn/pooling_loops.h"
#include "core/nn/vector_kernels_loops.h"
#include "core/nn/lane_loops.h"
#include "core/nn/product_loops.h"
#include "core/nn/depthwise_loops.h"
#include "core/nn/winograd_loops.h"
// clang-format on

namespace dermdistill {

const VectorKernels& portable_kernels();
const VectorKernels& portable_kernels() { return portable_set::kTable; }

const BlockKernels& portable_block_kernels();
const BlockKernels& portable_block_kernels() { return portable_set::kBlockTable; }

const WinogradKernels& portable_winograd_kernels();
const WinogradKernels& portable_winograd_kernels() { return portable_set::kWinogradTable; }

}  // namespace dermdistill
