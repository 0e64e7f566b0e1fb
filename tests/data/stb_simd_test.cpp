// The pixels do not depend on whether stb was compiled with its vector code: this file compiles it without.
#include <algorithm>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "native/data/jpeg_writer.h"
#include "tests/image/picture_files.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_SIMD
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

using namespace dermdistill;
using namespace dermdistill::testing;

namespace {

std::vector<std::uint8_t> plain_pixels(std::span<const std::byte> file) {
  int width = 0, height = 0, channels = 0;
  stbi_uc* pixels = stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()), static_cast<int>(file.size()),
                                          &width, &height, &channels, 3);
  REQUIRE(pixels != nullptr);
  const std::vector<std::uint8_t> copy(pixels, pixels + 3 * static_cast<std::size_t>(width) * height);
  stbi_image_free(pixels);
  return copy;
}

/// Edges, gradients and noise, so that all frequencies and saturated colours occur.
Image busy_picture(int width, int height, Random& random) {
  Image image{width, height, std::vector<std::uint8_t>(3 * static_cast<std::size_t>(width * height))};
  const int contrast = static_cast<int>(random.below(256));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int edge = (x / 5 + y / 7 + c) % 2 * contrast;
        const int value = (x * 3 + y * 2 + c * 40 + edge + static_cast<int>(random.below(64))) % 256;
        image.rgb[3 * static_cast<std::size_t>(y * width + x) + static_cast<std::size_t>(c)] =
            static_cast<std::uint8_t>(value);
      }
    }
  }
  return image;
}

}  // namespace

TEST_CASE("vector and plain code decode JPEG files to the same pixels", "[image]") {
  for (const char* name : {"baseline", "progressive", "restart", "grey"}) {
    INFO(name);
    const Bytes file = fixture(std::string(name) + ".jpg");
    CHECK(decode_image(file, name).rgb == plain_pixels(file));
  }
  Random random(11);
  for (const int quality : {1, 30, 75, 90, 91, 100}) {  // from 91 on the writer keeps the colours' full resolution
    for (int round = 0; round < 6; ++round) {
      const int width = 32 + static_cast<int>(random.below(90)), height = 32 + static_cast<int>(random.below(70));
      INFO("quality " << quality << ", " << width << " x " << height);
      const auto file = encode_jpeg(busy_picture(width, height, random), quality);
      CHECK(decode_image(file, "busy.jpg").rgb == plain_pixels(file));
    }
  }
}
