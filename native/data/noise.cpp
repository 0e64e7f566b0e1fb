#include "native/data/noise.h"

#include <cmath>
#include <numeric>
#include <span>

namespace dermdistill {
namespace {

float smooth(float t) { return t * t * t * (t * (t * 6 - 15) + 10); }

}  // namespace

Noise::Noise(std::uint64_t seed) {
  std::iota(table_.begin(), table_.end(), std::uint8_t{0});
  Random(seed).shuffle(std::span<std::uint8_t>(table_));
}

float Noise::value(float x, float y) const {
  const float fx = std::floor(x), fy = std::floor(y);
  const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
  const float tx = smooth(x - fx), ty = smooth(y - fy);
  const auto corner = [&](int dx, int dy) { return static_cast<float>(hash(ix + dx, iy + dy)) * (2.0f / 255) - 1; };
  const float top = corner(0, 0) + tx * (corner(1, 0) - corner(0, 0));
  const float bottom = corner(0, 1) + tx * (corner(1, 1) - corner(0, 1));
  return top + ty * (bottom - top);
}

float Noise::fractal(float x, float y, int octaves) const {
  float sum = 0, strength = 0.6f;
  for (int octave = 0; octave < octaves; ++octave) {
    sum += strength * value(x, y);
    strength *= 0.5f;
    x = 2 * x + 17.3f;
    y = 2 * y + 5.9f;
  }
  return sum;
}

Noise::Cell Noise::cell(float x, float y, float jitter) const {
  const int ix = static_cast<int>(std::floor(x)), iy = static_cast<int>(std::floor(y));
  float first = 9, second = 9;
  Cell result;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      const unsigned a = hash(ix + dx, iy + dy), b = table_[(a + 91) & 255];
      const float shift =
          ((iy + dy) & 1) != 0 ? 0.25f : -0.25f;  // staggered rows: cells are hexagons rather than squares
      const float px = static_cast<float>(ix + dx) + 0.5f + shift + jitter * (static_cast<float>(a) / 255 - 0.5f);
      const float py = static_cast<float>(iy + dy) + 0.5f + jitter * (static_cast<float>(b) / 255 - 0.5f);
      const float distance = (px - x) * (px - x) + (py - y) * (py - y);
      if (distance < first) {
        second = first;
        first = distance;
        result.random = static_cast<float>(table_[(b + 7) & 255]) / 256;
      } else if (distance < second) {
        second = distance;
      }
    }
  }
  result.nearest = std::sqrt(first);
  result.second = std::sqrt(second);
  return result;
}

}  // namespace dermdistill
