// Antialiased resizing, with the same bits natively and in WebAssembly.
#pragma once

#include <string>
#include <string_view>

#include "core/image/crop.h"

namespace dermdistill {

/// How a picture of any shape becomes square.
enum class ResizeRule {
  Squash,           // the whole picture, its proportions changed
  CropShorterSide,  // the largest square in the middle, its proportions kept
};

/// "squash" or "crop-shorter-side".
std::string to_string(ResizeRule rule);
/// @throws InputError naming the known rules.
ResizeRule parse_resize_rule(std::string_view text);

/// `image` at width x height by a triangle filter that widens when the picture shrinks, so that no detail aliases (what
/// torchvision and Pillow call antialiased bilinear; at the borders the edge pixels are repeated). The same pixels when
/// the size is its own. Values are filtered as they are stored, in sRGB.
/// @throws InputError for an empty picture or a side that is not positive.
Image resize(const Image& image, int width, int height);

/// -> size x size.
Image resize_by_rule(const Image& image, ResizeRule rule, int size);

/// The same of a part of the picture: resize_by_rule(crop(image, part), ...) without the copy.
/// @throws InputError as check_crop as well.
Image resize_by_rule(const Image& image, const Rectangle& part, ResizeRule rule, int size);

/// At most `max_side` pixels a side, proportions kept; the picture itself where it is not larger.
/// @throws InputError for a side that is not positive.
Image shrink_to(const Image& image, int max_side);

}  // namespace dermdistill
