#include <immintrin.h>

#include "core/nn/block_kernels.h"
#include "core/nn/vector_kernels.h"
#include "core/nn/winograd_kernels.h"

#define DERMDISTILL_KERNEL_SET avx512_set
#define DERMDISTILL_KERNEL_NAME "avx512"
#define DERMDISTILL_VECTOR_BYTES 64
#define DERMDISTILL_TILE_ROWS 12
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

const VectorKernels& avx512_kernels();
const VectorKernels& avx512_kernels() { return avx512_set::kTable; }

const BlockKernels& avx512_block_kernels();
const BlockKernels& avx512_block_kernels() { return avx512_set::kBlockTable; }

const WinogradKernels& avx512_winograd_kernels();
const WinogradKernels& avx512_winograd_kernels() { return avx512_set::kWinogradTable; }

}  // namespace dermdistill
