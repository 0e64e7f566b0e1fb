// Matrices in panels of 32 columns, [columns / 32][rows][32], as the product kernels read them fastest.
#pragma once

#include <cstdint>

#include "core/nn/scalar.h"

namespace dermdistill {

constexpr int kPanel = 32;

/// One square of a transposition: to [32][32], rows `to_stride` apart, from [32][32], rows `from_stride` apart.
void transpose_square(const Scalar* from, std::int64_t from_stride, Scalar* to, std::int64_t to_stride);

/// matrix [rows, columns] to panels of its columns.
void pack_panels(const Scalar* matrix, std::int64_t rows, int columns, Scalar* panels);

/// matrix [rows, columns] to panels of its transposed' columns: [rows / 32][columns][32].
void pack_panels_transposed(const Scalar* matrix, int rows, int columns, Scalar* panels);

/// Rows [first, last) of a matrix to panels that hold `rows` of them, the first one at row `place`.
void pack_rows(const Scalar* matrix, std::int64_t first, std::int64_t last, int columns, std::int64_t place,
               std::int64_t rows, Scalar* panels);

}  // namespace dermdistill
