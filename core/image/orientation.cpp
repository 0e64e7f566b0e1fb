#include "core/image/orientation.h"

#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/image/jpeg_file.h"
#include "core/image/png_file.h"

namespace dermdistill {
namespace {

// A TIFF block: every number is read through here, and nothing outside the span is ever touched.
class TiffReader {
 public:
  explicit TiffReader(std::span<const std::byte> bytes) : bytes_(bytes) {
    if (bytes.size() < 8) return;
    const auto order = std::to_integer<char>(bytes[0]);
    if (order != std::to_integer<char>(bytes[1]) || (order != 'I' && order != 'M')) return;
    little_endian_ = order == 'I';
    valid_ = number(2, 2) == 42;
  }

  bool valid() const { return valid_; }

  /// The number of `count` bytes at `offset`, 0 when it is not within the block.
  std::uint32_t number(std::size_t offset, std::size_t count) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) return 0;
    std::uint32_t result = 0;
    for (std::size_t i = 0; i < count; ++i)
      result = result << 8 | std::to_integer<std::uint32_t>(bytes_[offset + (little_endian_ ? count - 1 - i : i)]);
    return result;
  }

 private:
  std::span<const std::byte> bytes_;
  bool little_endian_ = true, valid_ = false;
};

constexpr std::uint32_t kOrientationTag = 0x0112, kShort = 3, kLong = 4;

int orientation_in(std::span<const std::byte> tiff) {
  const TiffReader reader(tiff);
  if (!reader.valid()) return 1;
  const std::size_t directory = reader.number(4, 4);
  const std::size_t entries = reader.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;  // tag 2, type 2, count 4, value 4
    if (entry >= tiff.size()) return 1;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const std::uint32_t type = reader.number(entry + 2, 2);
    if (reader.number(entry + 4, 4) != 1 || (type != kShort && type != kLong)) return 1;
    const std::uint32_t orientation = reader.number(entry + 8, type == kShort ? 2 : 4);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(std::span<const std::byte> file) noexcept {
  const auto jpeg = find_jpeg_exif(file);
  return orientation_in(jpeg.empty() ? find_png_exif(file) : jpeg);
}

Image orient(const Image& image, int exif_orientation) {
  if (exif_orientation < 1 || exif_orientation > 8)
    throw InputError("EXIF orientation", std::to_string(exif_orientation) + " does not exist", "1 to 8");
  if (exif_orientation == 1) return image;

  // From 5 on the stored rows are the columns to be seen. The rest says from which side each axis is walked.
  const bool transposed = exif_orientation >= 5;
  const bool x_backwards =
      exif_orientation == 2 || exif_orientation == 3 || exif_orientation == 7 || exif_orientation == 8;
  const bool y_backwards =
      exif_orientation == 3 || exif_orientation == 4 || exif_orientation == 6 || exif_orientation == 7;

  Image out;
  out.width = transposed ? image.height : image.width;
  out.height = transposed ? image.width : image.height;
  out.rgb.resize(image.rgb.size());
  std::uint8_t* target = out.rgb.data();
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x, target += 3) {
      // (stored_x, stored_y) is the stored pixel that is seen at (x, y).
      const int along_x = transposed ? y : x, along_y = transposed ? x : y;
      const int stored_x = x_backwards ? image.width - 1 - along_x : along_x;
      const int stored_y = y_backwards ? image.height - 1 - along_y : along_y;
      const std::uint8_t* source = &image.rgb[3 * (static_cast<std::size_t>(stored_y) * image.width + stored_x)];
      target[0] = source[0], target[1] = source[1], target[2] = source[2];
    }
  return out;
}

}  // namespace dermdistill
