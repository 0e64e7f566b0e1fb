// Coherent noise for made-up skin: smooth values, and cells.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/random.h"

namespace dermdistill {

/// Noise over the plane with features of about unit size; the seed decides it.
class Noise {
 public:
  explicit Noise(std::uint64_t seed);

  /// Value noise in [-1, 1]: random values on the integer grid, joined smoothly.
  float value(float x, float y) const;
  /// A sum of `octaves` value noises, each half the size and half the strength of the one before; about [-1, 1].
  float fractal(float x, float y, int octaves) const;

  struct Cell {
    float nearest = 0, second = 0;  // distances to the two nearest cell centres
    float random = 0;               // [0, 1), of the nearest cell
  };
  /// Cells of about unit size about jittered grid points; `jitter` 0 is a honeycomb, 1 is wild (Worley 1996).
  Cell cell(float x, float y, float jitter) const;

 private:
  std::uint8_t hash(int x, int y) const { return table_[(table_[x & 255] + static_cast<unsigned>(y)) & 255]; }

  std::array<std::uint8_t, 256> table_;  // a permutation
};

}  // namespace dermdistill
