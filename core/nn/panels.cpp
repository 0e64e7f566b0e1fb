#include "core/nn/panels.h"

#include <algorithm>
#include <cstring>

#include "core/base/parallel.h"

namespace dermdistill {

namespace {

constexpr int kSide = 4;  // of the squares that are transposed in registers

template <typename Number>
void transpose_four(const Number* from, std::int64_t from_stride, Number* to, std::int64_t to_stride) {
  if constexpr (sizeof(Number) == sizeof(float)) {
    typedef Number Four __attribute__((vector_size(kSide * sizeof(Number))));
    Four a, b, c, d;
    std::memcpy(&a, from, sizeof a);
    std::memcpy(&b, from + from_stride, sizeof b);
    std::memcpy(&c, from + 2 * from_stride, sizeof c);
    std::memcpy(&d, from + 3 * from_stride, sizeof d);
    const Four low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Four low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const Four rows[kSide] = {
        __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5), __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7),
        __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5), __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7)};
    for (int i = 0; i < kSide; ++i) std::memcpy(to + i * to_stride, &rows[i], sizeof rows[i]);
  } else {  // the tests' engine in double has no such vectors everywhere
    for (int i = 0; i < kSide; ++i) {
      for (int j = 0; j < kSide; ++j) to[i * to_stride + j] = from[j * from_stride + i];
    }
  }
}

}  // namespace

void transpose_square(const Scalar* from, std::int64_t from_stride, Scalar* to, std::int64_t to_stride) {
  for (int i = 0; i < kPanel; i += kSide) {
    for (int j = 0; j < kPanel; j += kSide) {
      transpose_four(from + j * from_stride + i, from_stride, to + i * to_stride + j, to_stride);
    }
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
