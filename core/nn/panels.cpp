#include "core/nn/panels.h"

#include <algorithm>

#include "core/base/parallel.h"

namespace dermdistill {

void transpose_square(const Scalar* from, std::int64_t from_stride, Scalar* to, std::int64_t to_stride) {
  for (int i = 0; i < kPanel; ++i) {
    for (int j = 0; j < kPanel; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  }
}

void pack_rows(const Scalar* matrix, std::int64_t first, std::int64_t last, int columns, std::int64_t place,
               std::int64_t rows, Scalar* panels) {
  for (std::int64_t r = first; r < last; ++r) {
    const Scalar* from = matrix + r * columns;
    Scalar* to = panels + (place + r - first) * kPanel;
    for (int c = 0; c < columns; c += kPanel) std::copy_n(from + c, kPanel, to + c * rows);
  }
}

void pack_panels(const Scalar* matrix, std::int64_t rows, int columns, Scalar* panels) {
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(rows, part, parts);
    pack_rows(matrix, first, last, columns, first, rows, panels);
  });
}

void pack_panels_transposed(const Scalar* matrix, int rows, int columns, Scalar* panels) {
  const std::int64_t across = columns / kPanel;
  parallel_for(rows / kPanel * across, [&](std::int64_t square) {
    const std::int64_t row = square / across * kPanel, column = square % across * kPanel;
    transpose_square(matrix + row * columns + column, columns, panels + row * columns + column * kPanel, kPanel);
  });
}

}  // namespace dermdistill
