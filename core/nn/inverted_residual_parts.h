// Small helpers that the forward and the backward half of the inverted residual share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/base/index.h"
#include "core/nn/block_kernels.h"
#include "core/nn/streaming.h"
#include "core/nn/thread_scratch.h"

namespace dermdistill::block {

constexpr int kSlabPixels = 128;   // expanded pixels that the backward's matrix products take at a time
constexpr int kFlushPixels = 128;  // summed in Scalar before going over to double
constexpr int kPatchValues = 27;   // 3 x 3 x 3 numbers of the image: what a pixel of the stem is computed from
constexpr int kPatch = 32;         // the same with zeros behind them
constexpr int kImagesAtOnce = 4;
constexpr int kPlanePixels = 64;  // planes up to this size are worked on as a whole, larger ones row by row

/// Pixels of a slab of the expanded map that stays in the second cache while a product reads it.
inline int slab_rows(int channels) { return std::clamp(32768 / channels, 32, 256); }

/// Moves sums from Scalar over to double.
inline void flush(Scalar* from, double* to, int count) {
  for (int i = 0; i < count; ++i) {
    to[i] += static_cast<double>(from[i]);
    from[i] = 0;
  }
}

inline NormTerms from(const NormTerms& terms, int channel) {
  return {terms.scale + channel, terms.offset + channel, terms.mean + channel};
}
inline NormGradientTerms from(const NormGradientTerms& terms, int channel) {
  return {terms.a + channel, terms.b + channel, terms.k + channel};
}

/// Pixels [first, first + count) of a map of `pixels`, as far as it goes: what a product has to fetch.
inline Ahead ahead_of(const Scalar* map, std::int64_t stride, std::int64_t pixels, std::int64_t first,
                      std::int64_t count, int columns) {
  return {{map + first * stride, stride}, std::clamp<std::int64_t>(pixels - first, 0, count), columns};
}

/// One row of the stem's output as patches [width, kPatch] of an image plane with three channels: the 3x3 pixels, row
/// by row, zero outside the image and behind the 27th number.
inline void gather_patches(const Scalar* plane, int image_height, int image_width, int row, int width, Scalar* to) {
  const std::int64_t line = static_cast<std::int64_t>(image_width) * 3;
  const bool inner_row = row > 0 && 2 * row + 1 < image_height;
  for (int x = 0; x < width; ++x, to += kPatch) {
    const int left = 2 * x - 1, begin = std::max(left, 0), end = std::min(left + 3, image_width);
    if (inner_row && begin + 3 == end) {
      const Scalar* from = plane + (2 * row - 1) * line + begin * 3;
      for (int ky = 0; ky < 3; ++ky) std::memcpy(to + 9 * ky, from + ky * line, 9 * sizeof(Scalar));
      std::fill(to + kPatchValues, to + kPatch, Scalar(0));
      continue;
    }
    std::fill(to, to + kPatch, Scalar(0));
    for (int ky = 0; ky < 3; ++ky) {
      const int y = 2 * row + ky - 1;
      if (y < 0 || y >= image_height) continue;
      std::copy(plane + y * line + begin * 3, plane + y * line + end * 3, to + 9 * ky + (begin - left) * 3);
    }
  }
}

/// Rows of a map: all of a plane, or only the last four of them, which is as many as a 3x3 filter needs at a time.
struct RowWindow {
  Scalar* data;
  std::int64_t pixel_stride, row_stride;
  bool whole;

  Scalar* row(int index) const { return data + (whole ? index : index & 3) * row_stride; }
  Rows rows(int index) const { return {row(index), pixel_stride}; }
};

}  // namespace dermdistill::block
