// Picture files for tests: the committed synthetic ones, and what tests ask of decoded pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/image/image.h"
#include "tests/image/picture_bytes.h"
#include "tests/support/paths.h"

namespace dermdistill::testing {

inline Bytes load(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  INFO(path);
  REQUIRE(stream.is_open());
  return to_bytes(std::string(std::istreambuf_iterator<char>(stream), {}));
}

inline Bytes fixture(const std::string& name) { return load(source_dir() / "tests" / "image" / "fixtures" / name); }

/// The message of the FormatError that decoding throws; "" when it throws none.
inline std::string decode_error(std::span<const std::byte> bytes, const DecodeLimits& limits = {}) {
  try {
    decode_image(bytes, "lesion.jpg", limits);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

/// Largest difference of any sample; fails the test when the sizes differ.
inline int largest_difference(const Image& a, const Image& b) {
  REQUIRE(a.width == b.width);
  REQUIRE(a.height == b.height);
  REQUIRE(a.rgb.size() == b.rgb.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

/// FNV-1a, to pin exact bits.
inline std::uint64_t hash_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3u;
  return hash;
}

}  // namespace dermdistill::testing
