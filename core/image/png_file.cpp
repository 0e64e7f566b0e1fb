#include "core/image/png_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

std::uint32_t big_endian(const std::byte* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return number;
}

// CRC-32 of ISO 3309 (PNG specification, annex D), a byte at a time.
constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t entry = i;
    for (int bit = 0; bit < 8; ++bit) entry = entry & 1 ? 0xedb88320u ^ (entry >> 1) : entry >> 1;
    table[i] = entry;
  }
  return table;
}

std::uint32_t crc_of(const PngChunk& chunk) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = 0xffffffffu;
  for (const char letter : chunk.type) crc = kTable[(crc ^ static_cast<std::uint8_t>(letter)) & 0xff] ^ (crc >> 8);
  for (const std::byte byte : chunk.data)
    crc = kTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

bool checksum_is_right([[maybe_unused]] const PngChunk& chunk) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  return true;  // a fuzzer cannot guess checksums and would never reach the decoder
#else
  return crc_of(chunk) == chunk.stored_crc;
#endif
}

bool is_critical(const PngChunk& chunk) { return chunk.type[0] >= 'A' && chunk.type[0] <= 'Z'; }

}  // namespace

bool PngReader::next(PngChunk& chunk) noexcept {
  if (position_ > file_.size() || file_.size() - position_ < 12) return false;
  const std::byte* start = file_.data() + position_;
  const std::size_t length = big_endian(start), left = file_.size() - position_ - 12;
  if (length > left) return false;
  chunk.type = {reinterpret_cast<const char*>(start + 4), 4};
  chunk.data = file_.subspan(position_ + 8, length);
  chunk.stored_crc = big_endian(start + 8 + length);
  position_ += 12 + length;
  return true;
}

bool looks_like_png(std::span<const std::byte> file) noexcept {
  return !file.empty() && std::memcmp(file.data(), kSignature.data(), std::min(file.size(), kSignature.size())) == 0;
}

void check_png(std::span<const std::byte> file, std::string_view name) {
  PngReader reader(file);
  PngChunk chunk;
  bool first = true, data_seen = false;
  while (reader.next(chunk)) {
    if (chunk.type == "CgBI") throw FormatError(name, "is a PNG in Apple's private variant (CgBI)", "a standard PNG");
    if (first && (chunk.type != "IHDR" || chunk.data.size() != 13))
      throw FormatError(name, "is a damaged PNG: it does not begin with its header", "an IHDR chunk of 13 bytes");
    if (is_critical(chunk) && !checksum_is_right(chunk))
      throw FormatError(name, "is a damaged PNG: the checksum of its " + std::string(chunk.type) + " chunk is wrong",
                        "an undamaged file");
    first = false;
    data_seen = data_seen || chunk.type == "IDAT";
    if (chunk.type == "IEND") {
      if (!data_seen) throw FormatError(name, "is a PNG without a picture in it", "an IDAT chunk");
      return;
    }
  }
  throw FormatError(name,
                    "is a truncated or damaged PNG: its end is missing after " + std::to_string(file.size()) + " bytes",
                    "the whole file");
}

PictureSize png_size(std::span<const std::byte> file) noexcept {
  PngReader reader(file);
  PngChunk chunk;
  if (!reader.next(chunk) || chunk.type != "IHDR" || chunk.data.size() < 8) return {};
  return {big_endian(chunk.data.data()), big_endian(chunk.data.data() + 4)};
}

std::span<const std::byte> find_png_exif(std::span<const std::byte> file) noexcept {
  if (file.size() < kSignature.size() || !looks_like_png(file)) return {};
  PngReader reader(file);
  PngChunk chunk;
  while (reader.next(chunk) && chunk.type != "IEND")
    if (chunk.type == "eXIf") return chunk.data;
  return {};
}

}  // namespace dermdistill
