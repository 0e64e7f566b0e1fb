// Resampling for augmentation: an affine map of a picture, and a separable blur.
#pragma once

#include <span>

#include "core/image/image.h"

namespace dermdistill {

/// (u, v) -> (xx u + xy v + x, yx u + yy v + y).
struct Affine {
  double xx = 1, xy = 0, x = 0, yx = 0, yy = 1, y = 0;
};

/// out [size, size, 3] with values in [0, 255]: output pixel (u, v), both in (-1, 1), shows the source at window(u, v),
/// where (-1, -1) to (1, 1) is the frame of frame_width x frame_height source pixels in the picture's middle. Bilinear
/// after averaging blocks of pixels where the map shrinks; beyond the border the picture is mirrored.
void warp(const Image& source, const Affine& window, int frame_width, int frame_height, int size, std::span<float> out);

/// Blurs pixels [size, size, 3] along both sides; weights[i] is the weight at distance i. Mirrors at the border.
void blur(std::span<const float> weights, int size, std::span<float> pixels);

}  // namespace dermdistill
