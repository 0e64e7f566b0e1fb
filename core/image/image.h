// A decoded picture, and how the bytes of a JPEG or PNG file become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dermdistill {

/// Interleaved 8-bit RGB, row-major: rgb.size() == 3 * width * height.
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

struct DecodeLimits {
  std::int64_t max_pixels = 100'000'000;  // checked before anything is decoded
  int min_side = 16;                      // the shorter side must have at least this many pixels
};

/// Decodes a JPEG or PNG file, recognised by its content. The EXIF orientation is applied, grey becomes RGB, 16-bit
/// samples lose their low byte and transparent pixels are laid over white. `name` is only used in messages.
/// @throws FormatError when the bytes are empty, truncated (also a JPEG without its end), of another format (which is
/// named), of more than `max_pixels` pixels or smaller than `min_side`.
Image decode_image(std::span<const std::byte> bytes, std::string_view name, const DecodeLimits& limits = {});

/// A picture that was decoded elsewhere, such as a camera's frame: RGBA, 4 * width * height, upright, colours not
/// multiplied by their opacity. Transparent pixels are laid over white, as decode_image does.
/// @throws ShapeError when the length does not fit, FormatError for a size outside the limits.
Image image_from_rgba(std::span<const std::uint8_t> rgba, int width, int height, std::string_view name,
                      const DecodeLimits& limits = {});

}  // namespace dermdistill
