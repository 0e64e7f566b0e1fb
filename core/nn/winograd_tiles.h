// How tiles of 4 x 4 outputs cover the maps of a batch.
#pragma once

#include <cstdint>

#include "core/nn/backend.h"
#include "core/nn/winograd_kernels.h"

namespace dermdistill {

constexpr std::int64_t kWinogradApart = 32;  // values between planes, so that they do not fall on the same cache sets

/// The tiles of a map [batch, height, width].
struct TileGrid {
  int batch, height, width;
  std::int64_t across() const { return (width + kWinogradOutput - 1) / kWinogradOutput; }
  std::int64_t down() const { return (height + kWinogradOutput - 1) / kWinogradOutput; }
  std::int64_t tiles() const { return batch * across() * down(); }

  /// Calls use(place in the tile, index of the pixel or -1 outside the map) for the pixels of a square of `side`,
  /// which begins `before` pixels above and left of the tile's outputs.
  template <typename Use>
  void for_pixels(std::int64_t tile, int side, int before, Use&& use) const {
    const std::int64_t image = tile / (across() * down()), within = tile % (across() * down());
    const std::int64_t top = within / across() * kWinogradOutput - before,
                       left = within % across() * kWinogradOutput - before;
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) {
        const std::int64_t y = top + i, x = left + j;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        use(i * side + j, inside ? (image * height + y) * width + x : -1);
      }
    }
  }
};

inline TileGrid grid_of(const ConvShape& s) { return {s.batch, s.in_height, s.in_width}; }

}  // namespace dermdistill
