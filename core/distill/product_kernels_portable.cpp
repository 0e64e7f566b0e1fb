#include "core/distill/product_kernels.h"

#define DERMDISTILL_KERNEL_SET portable_products
#define DERMDISTILL_KERNEL_NAME "portable"
#define DERMDISTILL_VECTOR_BYTES 16
#define DERMDISTILL_TILE_COLUMNS 2
#include "core/distill/product_kernels_loops.h"

namespace dermdistill {

const ProductKernels& portable_product_kernels();
const ProductKernels& portable_product_kernels() { return portable_products::kTable; }

}  // namespace dermdistill
