// The chunks of a PNG file: enough to tell a whole file from a broken one before it is decoded, and to find its EXIF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/image/picture_size.h"

namespace dermdistill {

struct PngChunk {
  std::string_view type;  // four letters; an upper-case first letter means that a decoder must understand it
  std::span<const std::byte> data;
  std::uint32_t stored_crc = 0;
};

/// Walks the chunks behind the signature.
class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> file) : file_(file) {}
  /// The next chunk, or false when the bytes run out.
  bool next(PngChunk& chunk) noexcept;

 private:
  std::span<const std::byte> file_;
  std::size_t position_ = 8;
};

/// True when the bytes begin like a PNG file, also when there are fewer than its signature has.
bool looks_like_png(std::span<const std::byte> file) noexcept;

/// @throws FormatError when the file ends before its IEND chunk, lacks the header or the picture, a critical chunk's
/// checksum is wrong, or it is Apple's private variant.
void check_png(std::span<const std::byte> file, std::string_view name);

/// What the header claims; zeros when there is none.
PictureSize png_size(std::span<const std::byte> file) noexcept;

/// The TIFF block in the eXIf chunk; empty when there is none.
std::span<const std::byte> find_png_exif(std::span<const std::byte> file) noexcept;

}  // namespace dermdistill
