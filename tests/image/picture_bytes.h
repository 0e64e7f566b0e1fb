// PNG files and EXIF blocks written by hand, for tests and fuzzers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill::testing {

using Bytes = std::vector<std::byte>;

inline Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string big_endian_32(std::uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  std::uint32_t crc = ~0u;
  for (const char letter : type + data) {
    crc ^= static_cast<std::uint8_t>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
  }
  return big_endian_32(static_cast<std::uint32_t>(data.size())) + type + data + big_endian_32(~crc);
}

/// A zlib stream of stored (uncompressed) blocks.
inline std::string zlib_stored(const std::string& data) {
  std::string out = "\x78\x01";
  std::size_t at = 0;
  do {
    const std::size_t length = std::min<std::size_t>(data.size() - at, 65535);
    out += at + length == data.size() ? '\1' : '\0';
    for (const std::size_t field : {length, length ^ 0xffff}) {
      out += static_cast<char>(field & 0xff);
      out += static_cast<char>(field >> 8);
    }
    out += data.substr(at, length);
    at += length;
  } while (at < data.size());
  std::uint32_t a = 1, b = 0;
  for (const char letter : data) {
    a = (a + static_cast<std::uint8_t>(letter)) % 65521;
    b = (b + a) % 65521;
  }
  return out + big_endian_32(b << 16 | a);
}

struct PngPicture {
  int width = 0, height = 0, bits = 8;
  int colour_type = 2;       // 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA
  std::string samples;       // big-endian, row-major
  std::string extra_chunks;  // between header and picture
};

inline Bytes png_file(const PngPicture& picture) {
  std::string header = big_endian_32(static_cast<std::uint32_t>(picture.width)) +
                       big_endian_32(static_cast<std::uint32_t>(picture.height));
  header += {static_cast<char>(picture.bits), static_cast<char>(picture.colour_type), '\0', '\0', '\0'};
  std::string rows;
  const std::size_t row = picture.samples.size() / static_cast<std::size_t>(picture.height);
  for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y) {
    rows += '\0';  // no filter
    rows += picture.samples.substr(y * row, row);
  }
  return to_bytes("\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + picture.extra_chunks +
                  png_chunk("IDAT", zlib_stored(rows)) + png_chunk("IEND", ""));
}

/// A TIFF block whose only directory holds an unrelated entry and the orientation.
inline std::string exif_block(int orientation, bool little_endian) {
  const auto number = [&](std::uint32_t value, int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += static_cast<char>(value >> (8 * (little_endian ? i : count - 1 - i)) & 0xff);
    return text;
  };
  const auto entry = [&](std::uint32_t tag, std::uint32_t value) {
    return number(tag, 2) + number(3, 2) + number(1, 4) + number(value, 2) + number(0, 2);
  };
  return (little_endian ? "II" : "MM") + number(42, 2) + number(8, 4) + number(2, 2) + entry(0x0100, 640) +
         entry(0x0112, static_cast<std::uint32_t>(orientation)) + number(0, 4);
}

/// The JPEG file with an APP1 segment of that content right behind its start.
inline Bytes with_app1(const Bytes& jpeg, const std::string& content) {
  const std::size_t length = content.size() + 2;
  const std::string text(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  const std::string bytes{static_cast<char>(length >> 8), static_cast<char>(length & 0xff)};
  return to_bytes(text.substr(0, 2) + "\xff\xe1" + bytes + content + text.substr(2));
}

}  // namespace dermdistill::testing
