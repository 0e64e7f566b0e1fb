#include "core/image/preprocess.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <catch2/catch.hpp>

#include "core/image/view_orientation.h"
#include "tests/image/picture_files.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE("normalise scales, subtracts and divides channel by channel", "[image]") {
  Preprocessing preprocessing;
  preprocessing.size = 1;
  std::vector<float> out(3);
  normalise(Image{1, 1, {255, 0, 100}}, preprocessing, out);
  // (1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (100 / 255 - 0.406) / 0.225
  CHECK(out[0] == Approx(2.2489083).epsilon(1e-6));
  CHECK(out[1] == Approx(-2.0357143).epsilon(1e-6));
  CHECK(out[2] == Approx(-0.0615251).epsilon(1e-5));
}

TEST_CASE("preprocess is decode, resize and normalise", "[image]") {
  Preprocessing preprocessing;
  preprocessing.size = 32;
  preprocessing.rule = GENERATE(ResizeRule::Squash, ResizeRule::CropShorterSide);
  const Bytes file = fixture("baseline.jpg");
  std::vector<float> whole(32 * 32 * 3), steps(32 * 32 * 3);
  preprocess(file, "a.jpg", preprocessing, whole);
  normalise(resize_by_rule(decode_image(file, "a.jpg"), preprocessing.rule, 32), preprocessing, steps);
  CHECK(whole == steps);

  std::vector<float> moved(steps.size()), at_once(steps.size());
  to_channels_first(steps, 32 * 32, 3, moved);
  normalise_channels_first(resize_by_rule(decode_image(file, "a.jpg"), preprocessing.rule, 32), preprocessing, at_once);
  CHECK(at_once == moved);
}

TEST_CASE("a limit of detail makes a sharp picture what a small one of it would be", "[image]") {
  Preprocessing preprocessing;
  preprocessing.size = 48;
  preprocessing.detail = 20;
  preprocessing.rule = GENERATE(ResizeRule::Squash, ResizeRule::CropShorterSide);
  const Image image = decode_image(fixture("baseline.jpg"), "a.jpg");
  REQUIRE(std::max(image.width, image.height) > 20);
  const Image small = resize_by_rule(image, preprocessing.rule, 20);
  std::vector<float> limited(48 * 48 * 3), of_small(limited.size()), sharp(limited.size());
  preprocess(fixture("baseline.jpg"), "a.jpg", preprocessing, limited);
  preprocess(small, std::nullopt, preprocessing, of_small);
  CHECK(limited == of_small);
  CHECK_FALSE(reduce_detail(small, std::nullopt, preprocessing));

  preprocessing.detail = 0;
  preprocess(fixture("baseline.jpg"), "a.jpg", preprocessing, sharp);
  CHECK(limited != sharp);
  preprocessing.detail = 4096;  // more than the picture has
  preprocess(fixture("baseline.jpg"), "a.jpg", preprocessing, limited);
  CHECK(limited == sharp);
}

TEST_CASE("a limit of detail counts for the part that is cut out", "[image]") {
  Preprocessing preprocessing;
  preprocessing.size = 32;
  preprocessing.detail = 16;
  const Image image = decode_image(fixture("baseline.jpg"), "a.jpg");
  const Rectangle part{1, 2, 16, 16};
  CHECK_FALSE(reduce_detail(image, part, preprocessing));
  CHECK(bring_to_size(image, part, preprocessing).rgb == resize_by_rule(image, part, preprocessing.rule, 32).rgb);
}

TEST_CASE("the network's input is pinned to the bit", "[image]") {
  Preprocessing preprocessing;
  preprocessing.size = 64;
  std::vector<float> out(64 * 64 * 3);
  preprocess(fixture("progressive.jpg"), "a.jpg", preprocessing, out);
  CHECK(hash_of(std::as_bytes(std::span(out))) == 0xa4cdfa3e1762ceb2u);
}

TEST_CASE("rotate_view turns as torch.rot90 does", "[image]") {
  // torch.rot90(torch.tensor([[1, 2], [3, 4]]), 1) is [[2, 4], [1, 3]].
  const auto turned = [](int turns) {
    std::vector<float> in, out(12);
    for (const float value : {1.f, 2.f, 3.f, 4.f}) in.insert(in.end(), {value, value + 10, value + 20});
    rotate_view(in, 2, turns, out);
    std::vector<int> pixels;
    for (std::size_t i = 0; i < 12; i += 3) {
      CHECK(out[i + 1] == out[i] + 10);
      CHECK(out[i + 2] == out[i] + 20);
      pixels.push_back(static_cast<int>(out[i]));
    }
    return pixels;
  };
  CHECK(turned(0) == std::vector<int>{1, 2, 3, 4});
  CHECK(turned(1) == std::vector<int>{2, 4, 1, 3});
  CHECK(turned(2) == std::vector<int>{4, 3, 2, 1});
  CHECK(turned(3) == std::vector<int>{3, 1, 4, 2});
  CHECK(turned(-1) == turned(3));
  CHECK(turned(4) == turned(0));
}

TEST_CASE("four quarter turns are none", "[image]") {
  const int size = 7;
  std::vector<float> start(size * size * 3), view, next(start.size());
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = static_cast<float>(i);
  view = start;
  for (int turn = 1; turn <= 4; ++turn) {
    rotate_view(view, size, 1, next);
    view = next;
    rotate_view(start, size, turn, next);
    CHECK(view == next);
  }
  CHECK(view == start);
}

TEST_CASE("turn_view mirrors and then turns, and its eight orientations differ", "[image]") {
  for (const int size : {4, 7}) {
    std::vector<float> view(static_cast<std::size_t>(size * size) * 3), mirrored(view.size()), expected(view.size());
    for (std::size_t i = 0; i < view.size(); ++i) view[i] = static_cast<float>(i);
    mirror_view(view, size, mirrored);
    std::vector<std::vector<float>> seen;
    for (const ViewOrientation orientation : kViewOrientations) {
      std::vector<float> out(view.size());
      turn_view(view, size, orientation, out);
      rotate_view(orientation.mirrored ? mirrored : view, size, orientation.quarter_turns, expected);
      CHECK(out == expected);
      CHECK(std::find(seen.begin(), seen.end(), out) == seen.end());
      seen.push_back(out);
    }
    CHECK(seen.front() == view);
  }
}

TEST_CASE("wrong sizes are refused", "[image][bad-input]") {
  const Preprocessing preprocessing{};
  std::vector<float> small(12), right(224 * 224 * 3);
  CHECK_THROWS_WITH(preprocess(fixture("baseline.jpg"), "a.jpg", preprocessing, small),
                    Contains("has 12 values; expected 224 x 224 x 3"));
  CHECK_THROWS_WITH(normalise(Image{2, 2, std::vector<std::uint8_t>(12)}, preprocessing, right),
                    Contains("picture: has 2 x 2 pixels; expected 224 x 224"));
  CHECK_THROWS_WITH(rotate_view(small, 3, 1, small), Contains("input of rotate_view"));
  CHECK_THROWS_AS(rotate_view(small, 2, 1, right), ShapeError);
  CHECK_THROWS_AS(rotate_view(small, -2, 1, small), ShapeError);
}

TEST_CASE("real pictures become finite network inputs", "[image][data]") {
  const auto folder = data_dir() / "fullsize_sample";
  if (!std::filesystem::exists(folder)) {
    skip("no real images in " + data_dir().string() + " (set DERMDISTILL_DATA)");
    return;
  }
  const Preprocessing preprocessing{};
  std::vector<float> out(224 * 224 * 3);
  int pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jpg") continue;
    preprocess(load(entry.path()), entry.path().string(), preprocessing, out);
    double sum = 0;
    for (const float value : out) {
      REQUIRE(std::abs(value) < 3);
      sum += value;
    }
    CHECK(std::abs(sum / static_cast<double>(out.size())) < 2);
    ++pictures;
  }
  CHECK(pictures == 25);
}
