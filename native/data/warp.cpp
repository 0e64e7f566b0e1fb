#include "native/data/warp.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace dermdistill {
namespace {

/// Index i of a row of n pixels that is continued by its mirror image.
int mirrored(int i, int n) {
  if (i >= 0 && i < n) return i;
  i %= 2 * n;
  if (i < 0) i += 2 * n;
  return i < n ? i : 2 * n - 1 - i;
}

/// Averages blocks of block_x x block_y pixels; the rest at the right and bottom is left out.
Image reduced(const Image& source, int block_x, int block_y) {
  Image result{source.width / block_x, source.height / block_y, {}};
  const auto width = static_cast<std::size_t>(result.width), columns = static_cast<std::size_t>(block_x);
  const auto stride = static_cast<std::size_t>(source.width) * 3;
  result.rgb.resize(3 * width * static_cast<std::size_t>(result.height));
  std::vector<std::uint32_t> sums(3 * width * columns);
  const auto count = static_cast<std::uint32_t>(block_x * block_y);
  for (std::size_t y = 0; y < static_cast<std::size_t>(result.height); ++y) {
    std::fill(sums.begin(), sums.end(), 0);
    for (std::size_t k = 0; k < static_cast<std::size_t>(block_y); ++k) {
      const std::uint8_t* row = source.rgb.data() + (y * static_cast<std::size_t>(block_y) + k) * stride;
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
    }
    std::uint8_t* target = result.rgb.data() + 3 * y * width;
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        std::uint32_t sum = count / 2;
        for (std::size_t k = 0; k < columns; ++k) sum += sums[3 * (x * columns + k) + channel];
        target[3 * x + channel] = static_cast<std::uint8_t>(sum / count);
      }
    }
  }
  return result;
}

/// Weighted mean of the four pixels about (x, y).
inline void mix(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c, const std::uint8_t* d, float x,
                float y, float* out) {
  for (int channel = 0; channel < 3; ++channel) {
    const float top = static_cast<float>(a[channel]) + x * static_cast<float>(b[channel] - a[channel]);
    const float bottom = static_cast<float>(c[channel]) + x * static_cast<float>(d[channel] - c[channel]);
    out[channel] = top + y * (bottom - top);
  }
}

/// Bilinear; pixel (i, j) of the output shows source pixel map(i, j).
void sample(const Image& source, const Affine& map, int size, std::span<float> out) {
  const int width = source.width, height = source.height;
  const std::uint8_t* rgb = source.rgb.data();
  const auto pixel = [&](int x, int y) { return rgb + 3 * (static_cast<std::int64_t>(y) * width + x); };
  float* target = out.data();
  for (int j = 0; j < size; ++j) {
    const double row_x = map.xy * j + map.x, row_y = map.yy * j + map.y;
    for (int i = 0; i < size; ++i, target += 3) {
      const double x = row_x + map.xx * i, y = row_y + map.yx * i;
      const int left = static_cast<int>(std::floor(x)), top = static_cast<int>(std::floor(y));
      const auto dx = static_cast<float>(x - left), dy = static_cast<float>(y - top);
      if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
        const std::uint8_t* first = pixel(left, top);
        mix(first, first + 3, first + 3 * width, first + 3 * width + 3, dx, dy, target);
      } else {
        const int x0 = mirrored(left, width), x1 = mirrored(left + 1, width);
        const int y0 = mirrored(top, height), y1 = mirrored(top + 1, height);
        mix(pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1), dx, dy, target);
      }
    }
  }
}

}  // namespace

void warp(const Image& source, const Affine& window, int frame_width, int frame_height, int size,
          std::span<float> out) {
  // Source pixels per output pixel, along the source's two sides.
  const double step = 2.0 / size, half_width = 0.5 * frame_width, half_height = 0.5 * frame_height;
  const double shrink_x = half_width * step * std::sqrt(window.xx * window.xx + window.xy * window.xy);
  const double shrink_y = half_height * step * std::sqrt(window.yx * window.yx + window.yy * window.yy);
  const int block_x = std::clamp(static_cast<int>(shrink_x + 0.5), 1, source.width);
  const int block_y = std::clamp(static_cast<int>(shrink_y + 0.5), 1, source.height);
  // Output index (i, j) has its centre at u = (i + 0.5) step - 1; source pixel k has its centre at k + 0.5.
  const double first = 0.5 * step - 1;
  const Affine map{
      .xx = half_width * window.xx * step / block_x,
      .xy = half_width * window.xy * step / block_x,
      .x = (half_width * ((window.xx + window.xy) * first + window.x) + 0.5 * source.width) / block_x - 0.5,
      .yx = half_height * window.yx * step / block_y,
      .yy = half_height * window.yy * step / block_y,
      .y = (half_height * ((window.yx + window.yy) * first + window.y) + 0.5 * source.height) / block_y - 0.5};
  if (block_x == 1 && block_y == 1) {
    sample(source, map, size, out);
  } else {
    sample(reduced(source, block_x, block_y), map, size, out);
  }
}

void blur(std::span<const float> weights, int size, std::span<float> pixels) {
  const int radius = static_cast<int>(weights.size()) - 1;
  const auto row_length = static_cast<std::size_t>(size) * 3;
  std::vector<float> padded(row_length + 6 * static_cast<std::size_t>(radius));
  for (int y = 0; y < size; ++y) {
    float* row = pixels.data() + static_cast<std::size_t>(y) * row_length;
    for (int x = -radius; x < size + radius; ++x)
      std::copy_n(row + 3 * mirrored(x, size), 3, padded.data() + 3 * (x + radius));
    const float* middle = padded.data() + 3 * radius;
    for (std::size_t i = 0; i < row_length; ++i) row[i] = weights[0] * middle[i];
    for (int k = 1; k <= radius; ++k) {
      const float* before = middle - 3 * k;
      const float* behind = middle + 3 * k;
      const float weight = weights[static_cast<std::size_t>(k)];
      for (std::size_t i = 0; i < row_length; ++i) row[i] += weight * (before[i] + behind[i]);
    }
  }
  const std::vector<float> rows(pixels.begin(), pixels.end());
  for (int y = 0; y < size; ++y) {
    float* row = pixels.data() + static_cast<std::size_t>(y) * row_length;
    const auto source_row = [&](int other) {
      return rows.data() + static_cast<std::size_t>(mirrored(other, size)) * row_length;
    };
    const float* here = source_row(y);
    for (std::size_t i = 0; i < row_length; ++i) row[i] = weights[0] * here[i];
    for (int k = 1; k <= radius; ++k) {
      const float* above = source_row(y - k);
      const float* below = source_row(y + k);
      const float weight = weights[static_cast<std::size_t>(k)];
      for (std::size_t i = 0; i < row_length; ++i) row[i] += weight * (above[i] + below[i]);
    }
  }
}

}  // namespace dermdistill
