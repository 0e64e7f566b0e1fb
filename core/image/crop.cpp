#include "core/image/crop.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

std::string describe(const Rectangle& rectangle) {
  return std::to_string(rectangle.width) + " x " + std::to_string(rectangle.height) + " pixels at (" +
         std::to_string(rectangle.left) + ", " + std::to_string(rectangle.top) + ")";
}

}  // namespace

void check_crop(const Image& image, const Rectangle& rectangle) {
  if (rectangle.width < kLeastCropSide || rectangle.height < kLeastCropSide) {
    const std::string least = std::to_string(kLeastCropSide);
    throw InputError("crop", "has " + describe(rectangle), "at least " + least + " x " + least + " pixels");
  }
  // Written so that no sum can overflow.
  if (rectangle.left < 0 || rectangle.top < 0 || rectangle.width > image.width || rectangle.height > image.height ||
      rectangle.left > image.width - rectangle.width || rectangle.top > image.height - rectangle.height) {
    throw InputError("crop", "of " + describe(rectangle) + " leaves the picture",
                     "a part of its " + std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels");
  }
}

Image crop(const Image& image, const Rectangle& rectangle) {
  check_crop(image, rectangle);
  Image out{rectangle.width, rectangle.height, {}};
  const std::size_t row = static_cast<std::size_t>(rectangle.width) * 3;
  out.rgb.resize(row * static_cast<std::size_t>(rectangle.height));
  for (int y = 0; y < rectangle.height; ++y) {
    const std::size_t from = (static_cast<std::size_t>(rectangle.top + y) * static_cast<std::size_t>(image.width) +
                              static_cast<std::size_t>(rectangle.left)) *
                             3;
    std::copy_n(image.rgb.begin() + static_cast<std::ptrdiff_t>(from), row,
                out.rgb.begin() + static_cast<std::ptrdiff_t>(row * static_cast<std::size_t>(y)));
  }
  return out;
}

}  // namespace dermdistill
