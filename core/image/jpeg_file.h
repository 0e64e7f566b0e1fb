// The segments of a JPEG file: enough to tell a whole file from a broken one before it is decoded, and to find its
// EXIF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/image/picture_size.h"

namespace dermdistill {

struct JpegSegment {
  std::uint8_t marker = 0;
  std::span<const std::byte> payload;  // without marker and length
};

/// Walks the segments from the start-of-image marker on, over entropy-coded data too.
class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> file) : file_(file) {}

  enum class Step { Segment, End, Truncated };
  /// The next segment; End at the end-of-image marker (whatever follows it), Truncated when the bytes run out first.
  Step next(JpegSegment& segment) noexcept;

 private:
  std::span<const std::byte> file_;
  std::size_t position_ = 2;
};

/// True when the bytes begin like a JPEG file, also when there are fewer than its signature has.
bool looks_like_jpeg(std::span<const std::byte> file) noexcept;

/// @throws FormatError when the file ends before its end-of-image marker, has no picture or more than one frame, or is
/// of a kind that is not decoded: lossless, hierarchical, arithmetic-coded, 12-bit, CMYK.
void check_jpeg(std::span<const std::byte> file, std::string_view name);

/// What the frame header claims; zeros when there is none.
PictureSize jpeg_size(std::span<const std::byte> file) noexcept;

/// The TIFF block within the EXIF segment; empty when there is none.
std::span<const std::byte> find_jpeg_exif(std::span<const std::byte> file) noexcept;

}  // namespace dermdistill
