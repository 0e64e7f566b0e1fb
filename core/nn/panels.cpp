#include "core/nn/panels.h"

#include <algorithm>
#include <cstring>

#include "core/base/parallel.h"

namespace dermdistill {

namespace {

constexpr int kSide = 4;  // of the squares that are transposed in registers
typedef float Four __attribute__((vector_size(kSide * sizeof(float))));

inline Four load(const float* from) {
  Four v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Four v) { std::memcpy(to, &v, sizeof v); }

inline void transpose_four(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride) {
  const Four a = load(from), b = load(from + from_stride), c = load(from + 2 * from_stride),
             d = load(from + 3 * from_stride);
  const Four low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(to, __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5));
  store(to + to_stride, __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7));
  store(to + 2 * to_stride, __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5));
  store(to + 3 * to_stride, __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7));
}

/// The tests' engine in double has no such vectors.
inline void transpose_four(const double* from, std::int64_t from_stride, double* to, std::int64_t to_stride) {
  for (int i = 0; i < kSide; ++i) {
    for (int j = 0; j < kSide; ++j) to[i * to_stride + j] = from[j * from_stride + i];
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
