// Small data sets on disk for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/image/image.h"
#include "native/base/files.h"
#include "native/data/jpeg_writer.h"

namespace dermdistill::testing {

/// A picture whose pixels are a function of `variant`, with some structure.
inline Image pattern(int width, int height, int variant) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<std::uint8_t>((7 * x + 31 * variant) & 255));
      image.rgb.push_back(static_cast<std::uint8_t>((5 * y + 17 * variant) & 255));
      image.rgb.push_back(static_cast<std::uint8_t>((x + y) * 3 & 255));
    }
  }
  return image;
}

inline void put_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  write_text(path, text);
}

inline void put_image(const std::filesystem::path& path, int variant, int width = 24, int height = 20) {
  std::filesystem::create_directories(path.parent_path());
  write_file(path, encode_jpeg(pattern(width, height, variant), 90));
}

/// What an exception of type E says; empty when nothing is thrown.
template <typename E, typename Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return {};
}

}  // namespace dermdistill::testing
