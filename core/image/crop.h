// A rectangle of a picture, as a user draws it before the analysis.
#pragma once

#include "core/image/image.h"

namespace dermdistill {

/// In pixels of the oriented picture.
struct Rectangle {
  int left = 0, top = 0, width = 0, height = 0;
};

inline constexpr int kLeastCropSide = 16;  // as for whole pictures

/// @throws InputError when the rectangle leaves the picture or has a side below kLeastCropSide.
void check_crop(const Image& image, const Rectangle& rectangle);

/// That part as a picture of its own. @throws InputError as check_crop.
Image crop(const Image& image, const Rectangle& rectangle);

}  // namespace dermdistill
