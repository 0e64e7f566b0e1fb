// Resizing 8-bit RGB by a triangle filter that widens when the picture shrinks: the bits of stb_image_resize 0.97, on
// vectors.
#pragma once

#include <cstdint>

namespace dermdistill {

/// `in` has `height` rows, `row_bytes` apart, of width pixels; `out` is [out_height, out_width, 3]. All sides are
/// positive.
void triangle_resize(const std::uint8_t* in, int width, int height, int row_bytes, std::uint8_t* out, int out_width,
                     int out_height);

}  // namespace dermdistill
