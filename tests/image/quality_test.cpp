#include "core/image/quality.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <catch2/catch.hpp>

#include "core/image/resize.h"
#include "tests/image/picture_files.h"

using namespace dermdistill;
using namespace dermdistill::testing;

namespace {

bool warns(const ImageQuality& quality, QualityWarning warning) {
  return std::find(quality.warnings.begin(), quality.warnings.end(), warning) != quality.warnings.end();
}

/// A dark disc on skin, with fine structure, at a place of the picture.
Image lesion(int width, int height, double cx, double cy) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool inside = std::hypot(x - cx * width, y - cy * height) < 0.25 * height;
      const int texture = (x / 2 + y / 2) % 2 == 0 ? 12 : -12;
      for (const int colour : inside ? std::array{110, 70, 55} : std::array{215, 170, 150})
        image.rgb.push_back(static_cast<std::uint8_t>(colour + texture));
    }
  return image;
}

Image gain(Image image, double factor) {
  for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(std::min(255.0, value * factor));
  return image;
}

/// Shrunk and enlarged again: what a blurred picture of this size holds.
Image blurred(const Image& image, int share) {
  return resize(resize(image, image.width / share, image.height / share), image.width, image.height);
}

}  // namespace

TEST_CASE("a good picture is not warned of, and each fault is", "[image]") {
  const Image good = lesion(300, 220, 0.5, 0.5);
  CHECK(judge_quality(good).warnings.empty());
  CHECK(judge_quality(good).lesion_share == Approx(3.14 * 55 * 55 / (300 * 220)).epsilon(0.1));
  CHECK(warns(judge_quality(gain(good, 0.2)), QualityWarning::TooDark));
  CHECK(warns(judge_quality(gain(good, 2)), QualityWarning::TooBright));
  CHECK(warns(judge_quality(blurred(good, 24)), QualityWarning::Blurred));
  CHECK(warns(judge_quality(resize(good, 90, 66)), QualityWarning::TooSmall));
  CHECK(warns(judge_quality(lesion(300, 220, 0.02, 0.5)), QualityWarning::LesionCutOff));
  CHECK(warns(judge_quality(good, Rectangle{150, 0, 150, 220}), QualityWarning::LesionCutOff));
}

TEST_CASE("a picture of one colour has no lesion and is not called blurred", "[image]") {
  const ImageQuality quality = judge_quality(Image{200, 200, std::vector<std::uint8_t>(200 * 200 * 3, 140)});
  CHECK(quality.warnings.empty());
  CHECK(quality.lesion_share == 0);
}

TEST_CASE("real pictures: few warnings as they are, most faults found", "[image]") {
  const auto folder = data_dir() / "fullsize_sample";
  if (!std::filesystem::exists(folder)) {
    skip("no real pictures in " + folder.string());
    return;
  }
  int count = 0, blurred_plain = 0, exposure_plain = 0, found_blur = 0, found_dark = 0, found_bright = 0, found_cut = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jpg") continue;
    const Image image = decode_image(load(entry.path()), entry.path().string());
    const ImageQuality plain = judge_quality(image);
    ++count;
    blurred_plain += warns(plain, QualityWarning::Blurred);
    exposure_plain += warns(plain, QualityWarning::TooDark) || warns(plain, QualityWarning::TooBright);
    found_blur += warns(judge_quality(blurred(image, 16)), QualityWarning::Blurred);
    found_dark += warns(judge_quality(gain(image, 0.3)), QualityWarning::TooDark);
    found_bright += warns(judge_quality(gain(image, 2)), QualityWarning::TooBright);
    found_cut += warns(judge_quality(image, Rectangle{image.width / 2, 0, image.width / 2, image.height}),
                       QualityWarning::LesionCutOff);
  }
  CAPTURE(count, blurred_plain, exposure_plain, found_blur, found_dark, found_bright, found_cut);
  REQUIRE(count >= 20);
  CHECK(blurred_plain <= count / 20);
  CHECK(exposure_plain <= count / 20);
  CHECK(found_blur >= count * 9 / 10);
  CHECK(found_dark >= count * 9 / 10);
  CHECK(found_bright >= count * 9 / 10);
  CHECK(found_cut >= count * 6 / 10);
}
