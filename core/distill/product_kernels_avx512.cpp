#include "core/distill/product_kernels.h"

#define DERMDISTILL_KERNEL_SET avx512_products
#define DERMDISTILL_KERNEL_NAME "avx512"
#define DERMDISTILL_VECTOR_BYTES 64
#define DERMDISTILL_TILE_COLUMNS 4
#include "core/distill/product_kernels_loops.h"

namespace dermdistill {

const ProductKernels& avx512_product_kernels();
const ProductKernels& avx512_product_kernels() { return avx512_products::kTable; }

}  // namespace dermdistill
