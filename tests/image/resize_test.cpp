#include "core/image/resize.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "tests/image/picture_files.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

Image random_image(int width, int height, std::uint64_t seed) {
  Image image{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3)};
  Random random(seed);
  for (auto& value : image.rgb) value = static_cast<std::uint8_t>(random.below(256));
  return image;
}

}  // namespace

TEST_CASE("resizing agrees with Pillow's antialiased bilinear filter", "[image]") {
  const auto [width, height] = GENERATE(std::pair(20, 16), std::pair(112, 90));
  INFO(width << " x " << height);
  const std::string name = "resized_" + std::to_string(width) + "x" + std::to_string(height) + ".expected.png";
  const Image expected = decode_image(fixture(name), name);
  const Image resized = resize(decode_image(fixture("picture.png"), "picture.png"), width, height);
  // At the border Pillow shortens the filter where this one repeats the edge pixels: compare within.
  int largest = 0;
  for (int y = 2; y < height - 2; ++y)
    for (int x = 2; x < width - 2; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>((y * width + x) * 3 + c);
        largest = std::max(largest, std::abs(resized.rgb[i] - expected.rgb[i]));
      }
  CHECK(largest <= 1);
  CHECK(largest_difference(resized, expected) <= 12);
}

TEST_CASE("the resized bits are pinned", "[image]") {
  const Image picture = decode_image(fixture("picture.png"), "picture.png");
  const auto bits = [](const Image& image) { return hash_of(std::as_bytes(std::span(image.rgb))); };
  CHECK(bits(resize(picture, 20, 16)) == 0xdcf719d3491f536cu);
  CHECK(bits(resize(picture, 112, 112)) == 0x8fd1a057deb6734eu);
  CHECK(bits(resize(random_image(97, 61, 3), 224, 33)) == 0xda2c68b46229e489u);
}

TEST_CASE("the own size gives the same picture", "[image]") {
  const Image image = random_image(31, 17, 1);
  CHECK(resize(image, 31, 17).rgb == image.rgb);
}

TEST_CASE("a flat picture stays flat and a fine pattern becomes its mean", "[image]") {
  Image flat{40, 30, std::vector<std::uint8_t>(40 * 30 * 3, 137)};
  for (const int side : {1, 7, 64})
    CHECK(resize(flat, side, side).rgb == std::vector<std::uint8_t>(static_cast<std::size_t>(side * side * 3), 137));
  // Columns of black and white: nearest-neighbour sampling would give one of the two.
  for (std::size_t i = 0; i < flat.rgb.size(); ++i) flat.rgb[i] = i / 3 % 2 ? 255 : 0;
  const Image grey = resize(flat, 5, 5);
  for (int y = 0; y < 5; ++y)
    for (int x = 1; x < 4; ++x)  // the repeated edge pixel tips the outer columns to one side
      for (int c = 0; c < 3; ++c) CHECK(std::abs(grey.rgb[static_cast<std::size_t>((y * 5 + x) * 3 + c)] - 127.5) < 1);
}

TEST_CASE("the rules make squares", "[image]") {
  Image image = random_image(50, 20, 2);
  CHECK(resize_by_rule(image, ResizeRule::Squash, 20).rgb == resize(image, 20, 20).rgb);
  const Image cropped = resize_by_rule(image, ResizeRule::CropShorterSide, 20);
  REQUIRE(cropped.width == 20);
  for (int y = 0; y < 20; ++y)
    for (int i = 0; i < 60; ++i)
      REQUIRE(cropped.rgb[static_cast<std::size_t>(y * 60 + i)] ==
              image.rgb[static_cast<std::size_t>(y * 150 + 45 + i)]);
  // The crop comes first: what lies outside it does not leak into the smaller picture.
  const Image small = resize_by_rule(image, ResizeRule::CropShorterSide, 8);
  CHECK(small.rgb == resize(cropped, 8, 8).rgb);
}

TEST_CASE("resize rules are read and written by name", "[image]") {
  for (const ResizeRule rule : {ResizeRule::Squash, ResizeRule::CropShorterSide})
    CHECK(parse_resize_rule(to_string(rule)) == rule);
  CHECK(to_string(ResizeRule::CropShorterSide) == "crop-shorter-side");
  CHECK_THROWS_WITH(parse_resize_rule("stretch"),
                    Contains("\"stretch\" is not known; expected squash or crop-shorter-side"));
}

TEST_CASE("impossible sizes are refused", "[image][bad-input]") {
  const Image image = random_image(4, 4, 2);
  CHECK_THROWS_WITH(resize(image, 0, 5), Contains("0 x 5"));
  CHECK_THROWS_WITH(resize(image, 5, -1), Contains("5 x -1"));
  CHECK_THROWS_WITH(resize(Image{}, 5, 5), Contains("the picture is empty"));
}
