#include "core/nn/block_kernels.h"
#include "core/nn/vector_kernels.h"
#include "core/nn/winograd_kernels.h"

#define DERMDISTILL_KERNEL_SET avx2_set
#define DERMDISTILL_KERNEL_NAME "avx2"
#define DERMDISTILL_VECTOR_BYTES 32
#define DERMDISTILL_TILE_ROWS 6
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

const VectorKernels& avx2_kernels();
const VectorKernels& avx2_kernels() { return avx2_set::kTable; }

const BlockKernels& avx2_block_kernels();
const BlockKernels& avx2_block_kernels() { return avx2_set::kBlockTable; }

const WinogradKernels& avx2_winograd_kernels();
const WinogradKernels& avx2_winograd_kernels() { return avx2_set::kWinogradTable; }

}  // namespace dermdistill
