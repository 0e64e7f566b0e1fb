// Antialiased resizing, with the same bits natively and in WebAssembly.
#pragma once

#include <string>
#include <string_view>

#include "core/image/image.h"

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

/// `image` at width x height: a Mitchell filter that is widened when the picture shrinks, Catmull-Rom when it grows, so
/// that no detail aliases. The same picture when the size is its own. Values are treated as they are stored (sRGB).
/// @throws InputError for an empty picture or a side that is not positive.
Image resize(const Image& image, int width, int height);

/// -> size x size.
Image resize_by_rule(const Image& image, ResizeRule rule, int size);

}  // namespace dermdistill
