// Small helpers that the forward and the backward half of the inverted residual share.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/index.h"
#include "core/nn/block_kernels.h"
#include "core/nn/thread_scratch.h"

namespace dermdistill::block {

constexpr int kSlabPixels = 128;   // expanded pixels that the backward's matrix products take at a time
constexpr int kFlushPixels = 128;  // summed in Scalar before going over to double
constexpr int kPatch = 32;  // 3 x 3 x 3 numbers of the image and zeros: what a pixel of the stem is computed from

/// Pixels of a slab of the expanded map that stays in the second cache while a product reads it.
inline int slab_rows(int channels) { return std::clamp(32768 / channels, 32, 256); }

/// Moves sums from Scalar over to double.
inline void flush(Scalar* from, double* to, int count) {
  for (int i = 0; i < count; ++i) {
    to[i] += static_cast<double>(from[i]);
    from[i] = 0;
  }
}

inline void add_columns(const Scalar* rows, std::int64_t count, int columns, double* sums) {
  for (int c0 = 0; c0 < columns; c0 += 32) {
    Scalar partial[32] = {};
    const int n = std::min(32, columns - c0);
    for (std::int64_t r = 0; r < count; ++r) {
      for (int c = 0; c < n; ++c) partial[c] += rows[r * columns + c0 + c];
    }
    for (int c = 0; c < n; ++c) sums[c0 + c] += static_cast<double>(partial[c]);
  }
}

inline NormTerms from(const NormTerms& terms, int channel) {
  return {terms.scale + channel, terms.offset + channel, terms.mean + channel};
}
inline NormGradientTerms from(const NormGradientTerms& terms, int channel) {
  return {terms.a + channel, terms.b + channel, terms.k + channel};
}

/// One row of the stem's output as patches [width, kPatch] of an image plane with three channels: the 3x3 pixels, row
/// by row, zero outside the image and behind the 27th number.
inline void gather_patches(const Scalar* plane, int image_height, int image_width, int row, int width, Scalar* to) {
  for (int x = 0; x < width; ++x, to += kPatch) {
    std::fill(to, to + kPatch, Scalar(0));
    const int left = 2 * x - 1, begin = std::max(left, 0), end = std::min(left + 3, image_width);
    for (int ky = 0; ky < 3; ++ky) {
      const int y = 2 * row + ky - 1;
      if (y < 0 || y >= image_height) continue;
      const Scalar* line = plane + static_cast<std::int64_t>(y) * image_width * 3;
      std::copy(line + begin * 3, line + end * 3, to + 9 * ky + (begin - left) * 3);
    }
  }
}

/// The last four rows of a map, each with a padding pixel of zeros at both ends.
class RowRing {
 public:
  RowRing(ScratchPieces& pieces, int width, int channels)
      : channels_(channels), row_size_(static_cast<std::int64_t>(width + 2) * channels) {
    const std::size_t size = at(5 * row_size_);
    rows_ = pieces.take(size);
    std::fill_n(rows_, size, Scalar(0));
  }
  /// Row `index`, beginning with its padding.
  Scalar* row(int index) const { return rows_ + (index & 3) * row_size_; }
  /// Its first pixel.
  Scalar* pixels(int index) const { return row(index) + channels_; }
  const Scalar* row_or_zero(int index, int height) const {
    return index < 0 || index >= height ? rows_ + 4 * row_size_ : row(index);
  }

 private:
  int channels_;
  std::int64_t row_size_;
  Scalar* rows_;
};

}  // namespace dermdistill::block
