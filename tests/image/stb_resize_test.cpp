// Resizing gives the bits of stb_image_resize, which this file compiles by itself.
#include <algorithm>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "core/image/resize.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>
#pragma GCC diagnostic pop

using namespace dermdistill;

namespace {

Image noise(int width, int height, Random& random) {
  Image image{width, height, std::vector<std::uint8_t>(3 * static_cast<std::size_t>(width * height))};
  // Mostly full black and white: sums then come close to both ends of the range.
  for (auto& value : image.rgb) value = static_cast<std::uint8_t>(std::clamp<int>(random.below(700), 200, 455) - 200);
  return image;
}

std::vector<std::uint8_t> resized_by_stb(const Image& image, int width, int height) {
  std::vector<std::uint8_t> out(3 * static_cast<std::size_t>(width * height));
  REQUIRE(stbir_resize_uint8_generic(image.rgb.data(), image.width, image.height, 0, out.data(), width, height, 0, 3,
                                     STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE,
                                     STBIR_COLORSPACE_LINEAR, nullptr) == 1);
  return out;
}

}  // namespace

TEST_CASE("resized pictures are those of stb, bit by bit", "[image]") {
  Random random(5);
  const auto same = [&](int width, int height, int out_width, int out_height) {
    INFO(width << " x " << height << " -> " << out_width << " x " << out_height);
    const Image image = noise(width, height, random);
    CHECK(resize(image, out_width, out_height).rgb == resized_by_stb(image, out_width, out_height));
  };
  for (const int size : {1, 2, 64, 84, 112, 224}) same(600, 450, size, size);
  same(1, 1, 1, 1);
  same(2, 3, 1, 1);
  same(640, 1, 3, 1);
  same(1, 640, 1, 3);
  same(333, 257, 332, 256);
  same(257, 99, 257, 31);  // one side keeps its size
  same(40, 90, 80, 30);    // one side grows
  same(90, 40, 30, 80);
  for (const int size : {112, 160, 224, 337}) same(84, 84, size, size);
  same(1, 1, 5, 7);
  same(1, 300, 7, 301);
  for (int round = 0; round < 60; ++round) {
    const auto side = [&] { return 1 + static_cast<int>(random.below(300)); };
    const int width = side(), height = side();
    same(width, height, 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(width))),
         1 + static_cast<int>(random.below(static_cast<std::uint64_t>(height))));
    same(width, height, side(), side());
  }
}
