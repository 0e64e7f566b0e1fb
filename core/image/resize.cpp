#include "core/image/resize.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/image/triangle_filter.h"

namespace dermdistill {
namespace {

// A rectangle of `image` at width x height.
Image resize_part(const Image& image, int left, int top, int part_width, int part_height, int width, int height) {
  const std::string wanted = std::to_string(width) + " x " + std::to_string(height);
  if (width < 1 || height < 1) throw InputError("resize", "a size of " + wanted + " was asked for", "positive sides");
  if (part_width < 1 || part_height < 1) throw InputError("resize", "the picture is empty", "at least one pixel");
  Image out{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3)};
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  const std::uint8_t* start = image.rgb.data() + top * row_bytes + static_cast<std::size_t>(left) * 3;
  if (part_width == width && part_height == height) {
    for (int y = 0; y < height; ++y)
      std::copy_n(start + y * row_bytes, static_cast<std::size_t>(width) * 3,
                  out.rgb.begin() + static_cast<std::ptrdiff_t>(y) * width * 3);
    return out;
  }
  triangle_resize(start, part_width, part_height, static_cast<int>(row_bytes), out.rgb.data(), width, height);
  return out;
}

}  // namespace

std::string to_string(ResizeRule rule) { return rule == ResizeRule::Squash ? "squash" : "crop-shorter-side"; }

ResizeRule parse_resize_rule(std::string_view text) {
  for (const ResizeRule rule : {ResizeRule::Squash, ResizeRule::CropShorterSide})
    if (to_string(rule) == text) return rule;
  throw InputError("resize rule", "\"" + std::string(text) + "\" is not known", "squash or crop-shorter-side");
}

Image resize(const Image& image, int width, int height) {
  return resize_part(image, 0, 0, image.width, image.height, width, height);
}

Image resize_by_rule(const Image& image, ResizeRule rule, int size) {
  if (rule == ResizeRule::Squash) return resize(image, size, size);
  const int side = std::min(image.width, image.height);
  return resize_part(image, (image.width - side) / 2, (image.height - side) / 2, side, side, size, size);
}

Image resize_by_rule(const Image& image, const Rectangle& part, ResizeRule rule, int size) {
  check_crop(image, part);
  if (rule == ResizeRule::Squash) return resize_part(image, part.left, part.top, part.width, part.height, size, size);
  const int side = std::min(part.width, part.height);
  return resize_part(image, part.left + (part.width - side) / 2, part.top + (part.height - side) / 2, side, side, size,
                     size);
}

Image shrink_to(const Image& image, int max_side) {
  if (max_side < 1) throw InputError("largest side", std::to_string(max_side), "at least 1 pixel");
  const int longer = std::max(image.width, image.height);
  if (longer <= max_side) return image;
  const auto shrunk = [&](int side) {
    return std::max(1, static_cast<int>((static_cast<std::int64_t>(side) * max_side + longer / 2) / longer));
  };
  return resize(image, shrunk(image.width), shrunk(image.height));
}

}  // namespace dermdistill
