#include "core/image/crop.h"

#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/image/preprocess.h"
#include "tests/image/picture_files.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE("a part is preprocessed as a picture of its own", "[image]") {
  const Image image = decode_image(fixture("baseline.jpg"), "a.jpg");
  const Rectangle part{3, 5, 41, 29};
  for (const ResizeRule rule : {ResizeRule::Squash, ResizeRule::CropShorterSide}) {
    Preprocessing preprocessing;
    preprocessing.size = 24;
    preprocessing.rule = rule;
    std::vector<float> direct(24 * 24 * 3), copied(direct.size());
    preprocess(image, part, preprocessing, direct);
    preprocess(crop(image, part), std::nullopt, preprocessing, copied);
    CHECK(direct == copied);
  }
}

TEST_CASE("a crop outside the picture or too small is refused", "[image]") {
  const Image image{40, 30, std::vector<std::uint8_t>(40 * 30 * 3)};
  const int large = std::numeric_limits<int>::max();
  for (const Rectangle& wrong :
       {Rectangle{-1, 0, 20, 20}, {0, 11, 20, 20}, {21, 0, 20, 20}, {large, large, 16, 16}, {0, 0, large, large}})
    CHECK_THROWS_WITH(check_crop(image, wrong), Contains("leaves the picture") && Contains("40 x 30"));
  CHECK_THROWS_WITH(check_crop(image, {0, 0, 15, 20}), Contains("15 x 20") && Contains("16 x 16"));
  CHECK_NOTHROW(check_crop(image, {24, 14, 16, 16}));
}

TEST_CASE("camera pixels are laid over white and checked", "[image]") {
  std::vector<std::uint8_t> rgba(16 * 16 * 4, 100);
  rgba[3] = 255;
  rgba[7] = 0;
  const Image image = image_from_rgba(rgba, 16, 16, "frame");
  CHECK(image.rgb[0] == 100);
  CHECK(image.rgb[3] == 255);
  CHECK(image.rgb[6] == (100 * 100 + 255 * 155 + 127) / 255);
  CHECK_THROWS_WITH(image_from_rgba(rgba, 16, 17, "frame"), Contains("frame") && Contains("RGBA"));
  CHECK_THROWS_WITH(image_from_rgba(rgba, -16, 16, "frame"), Contains("16 x 16"));
}

TEST_CASE("mirroring and reordering keep every value in its place", "[image]") {
  const std::vector<float> in{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::vector<float> mirrored(12), first(12);
  mirror_view(in, 2, mirrored);
  CHECK(mirrored == std::vector<float>{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9});
  to_channels_first(in, 4, 3, first);
  CHECK(first == std::vector<float>{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12});
}
