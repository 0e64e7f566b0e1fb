// The gradient of a Winograd convolution's filters: in each plane the product of all tiles' transformed gradients and
// inputs, transformed back.
#pragma once

#include "core/nn/winograd_tiles.h"

namespace dermdistill {

class WinogradFilterGradient {
 public:
  explicit WinogradFilterGradient(const ConvShape& shape);

  /// Asks for the memory that run() works in.
  void reserve() const;
  /// dw [out, 3, 3, in] from x and dy.
  void run(const Scalar* x, const Scalar* dy, Scalar* dw) const;

 private:
  struct Packed {
    Scalar *values, *gradients;
  };
  Packed packed() const;
  Scalar* planes() const;
  void transform(const Scalar* x, const Scalar* dy, const Scalar* nothing, std::int64_t tile, std::int64_t place,
                 Packed to) const;
  void multiply(Packed from, std::int64_t tiles, int e, std::int64_t panel, bool first, Scalar* to) const;

  ConvShape s_;
  TileGrid grid_;
  std::int64_t group_, values_plane_, gradients_plane_;
};

}  // namespace dermdistill
