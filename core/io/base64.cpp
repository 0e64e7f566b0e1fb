#include "core/io/base64.h"

#include <cstdint>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kPadding = '=';

}  // namespace

std::string to_base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? kPadding : kLetters[group >> (18 - 6 * j) & 63u];
  }
  return text;
}

std::vector<std::byte> from_base64(std::string_view text, std::string_view name) {
  const auto fail = [&](const std::string& problem) { throw FormatError(name, problem, "base64 text with padding"); };
  if (text.size() % 4 != 0) fail("is not base64: its length is no multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == kPadding) ++padding;
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t letters = i + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::size_t value = j < letters ? kLetters.find(text[i + j]) : 0;
      if (value == std::string_view::npos) fail("is not base64 at character " + std::to_string(i + j));
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if (letters < 4 && (group & ((1u << (letters == 3 ? 8 : 16)) - 1)) != 0) fail("ends in base64 with stray bits");
    for (std::size_t j = 0; j + 1 < letters; ++j)
      bytes.push_back(static_cast<std::byte>(group >> (16 - 8 * j) & 0xffu));
  }
  return bytes;
}

}  // namespace dermdistill
