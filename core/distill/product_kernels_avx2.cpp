#include "core/distill/product_kernels.h"

#define DERMDISTILL_KERNEL_SET avx2_products
#define DERMDISTILL_KERNEL_NAME "avx2"
#define DERMDISTILL_VECTOR_BYTES 32
#define DERMDISTILL_TILE_COLUMNS 2
#include "core/distill/product_kernels_loops.h"

namespace dermdistill {

const ProductKernels& avx2_product_kernels();
const ProductKernels& avx2_product_kernels() { return avx2_products::kTable; }

}  // namespace dermdistill
