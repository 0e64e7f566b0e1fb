// PNG files made in memory, and base64 read back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"

namespace dermdistill::testing {

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

inline std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1u ? 0xedb88320u : 0u);
  }
  return ~crc;
}

/// An RGB picture of noise, its pixels stored without compression; `note` becomes a tEXt chunk unless it is empty.
inline std::vector<std::byte> png_picture(int width, int height, std::string_view note) {
  const auto append32 = [](std::vector<std::byte>& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(value >> shift & 0xffu));
  };
  std::vector<std::byte> file = bytes_of("\x89PNG\r\n\x1a\n");
  const auto add_chunk = [&](std::string_view type, const std::vector<std::byte>& data) {
    append32(file, static_cast<std::uint32_t>(data.size()));
    std::vector<std::byte> body = bytes_of(type);
    body.insert(body.end(), data.begin(), data.end());
    file.insert(file.end(), body.begin(), body.end());
    append32(file, crc32(body));
  };
  std::vector<std::byte> header;
  append32(header, static_cast<std::uint32_t>(width));
  append32(header, static_cast<std::uint32_t>(height));
  for (const int value : {8, 2, 0, 0, 0}) header.push_back(static_cast<std::byte>(value));
  add_chunk("IHDR", header);
  if (!note.empty()) add_chunk("tEXt", bytes_of(std::string("Comment") + '\0' + std::string(note)));

  std::vector<std::byte> rows;
  Random random(1);
  for (int y = 0; y < height; ++y) {
    rows.push_back(std::byte{0});
    for (int x = 0; x < 3 * width; ++x) rows.push_back(static_cast<std::byte>(random.below(256)));
  }
  std::vector<std::byte> stream = {std::byte{0x78}, std::byte{0x01}};
  std::uint32_t a = 1, b = 0;  // Adler-32
  for (const std::byte byte : rows) {
    a = (a + std::to_integer<std::uint32_t>(byte)) % 65521u;
    b = (b + a) % 65521u;
  }
  for (std::size_t begin = 0; begin < rows.size(); begin += 65535) {
    const std::size_t size = std::min<std::size_t>(65535, rows.size() - begin);
    stream.push_back(static_cast<std::byte>(begin + size == rows.size()));
    for (const std::size_t value : {size, ~size}) {
      stream.push_back(static_cast<std::byte>(value & 0xffu));
      stream.push_back(static_cast<std::byte>(value >> 8 & 0xffu));
    }
    stream.insert(stream.end(), rows.begin() + static_cast<std::ptrdiff_t>(begin),
                  rows.begin() + static_cast<std::ptrdiff_t>(begin + size));
  }
  append32(stream, b << 16 | a);
  add_chunk("IDAT", stream);
  add_chunk("IEND", {});
  return file;
}

inline std::vector<std::byte> decode_base64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(digit));
    count += 6;
    if (count >= 8) bytes.push_back(static_cast<std::byte>(bits >> (count -= 8) & 0xffu));
  }
  return bytes;
}

}  // namespace dermdistill::testing
