#include "native/data/augment.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "native/data/synthesis.h"
#include "native/data/warp.h"
#include "tests/data/files.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

/// Nothing but what a test switches on.
AugmentConfig nothing() {
  AugmentConfig config;
  config.min_scale = config.max_scale = config.max_stretch = 1;
  config.max_shift = config.max_rotation = config.flip_probability = 0;
  config.blur_probability = config.dropout_probability = 0;
  config.brightness = config.contrast = config.saturation = config.hue = 0;
  return config;
}

Preprocessing plain(int size) {
  Preprocessing preprocessing;
  preprocessing.size = size;
  preprocessing.mean = {0, 0, 0};
  preprocessing.std = {1, 1, 1};
  return preprocessing;
}

std::vector<float> augmented(const Image& image, const AugmentConfig& config, const Preprocessing& preprocessing,
                             std::uint64_t seed) {
  std::vector<float> out(static_cast<std::size_t>(preprocessing.size * preprocessing.size * 3));
  augment(image, config, preprocessing, seed, out);
  return out;
}

double mean_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  return sum / static_cast<double>(a.size());
}

std::vector<float> as_floats(const Image& image) {
  std::vector<float> values;
  for (const std::uint8_t value : image.rgb) values.push_back(static_cast<float>(value) / 255.0f);
  return values;
}

}  // namespace

TEST_CASE("the seed alone decides an augmented image") {
  const Image image = synthesise_lesion(0, 1, 2, 96);
  const auto first = augmented(image, {}, plain(64), 11);
  CHECK(augmented(image, {}, plain(64), 11) == first);
  CHECK(mean_difference(augmented(image, {}, plain(64), 12), first) > 0.01);
  CHECK(std::all_of(first.begin(), first.end(), [](float v) { return std::isfinite(v) && v >= 0 && v <= 1; }));
}

TEST_CASE("switched off, augmentation is what evaluation does") {
  const Image image = pattern(50, 40, 1);
  AugmentConfig off;
  off.enabled = false;
  const Preprocessing preprocessing{.size = 32};
  std::vector<float> expected(32 * 32 * 3);
  normalise(resize_by_rule(image, preprocessing.rule, 32), preprocessing, expected);
  CHECK(augmented(image, off, preprocessing, 3) == expected);
}

TEST_CASE("without any change the same size gives the same pixels") {
  const Image image = synthesise_lesion(1, 4, 5, 64);
  CHECK(mean_difference(augmented(image, nothing(), plain(64), 1), as_floats(image)) < 1e-5);
}

TEST_CASE("without any change another size is a resize") {
  const Image image = synthesise_lesion(1, 4, 5, 128);
  for (const int size : {32, 48, 64, 100}) {
    INFO("size " << size);
    CHECK(mean_difference(augmented(image, nothing(), plain(size), 1), as_floats(resize(image, size, size))) < 0.02);
  }
}

TEST_CASE("a picture that is stored again as JPEG is nearly the same, and the rest of its transform is exactly") {
  const Image image = synthesise_lesion(1, 4, 5, 64);
  const auto before = as_floats(image);
  AugmentConfig config = nothing();
  config.recompression_probability = 1;
  double fine = 0, coarse = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    config.min_recompression_quality = 95;
    fine += mean_difference(augmented(image, config, plain(64), seed), before);
    config.min_recompression_quality = 1;
    coarse += mean_difference(augmented(image, config, plain(64), seed), before);
  }
  CHECK(fine > 0);
  CHECK(fine < 20 * 0.02);
  CHECK(coarse > 2 * fine);

  // A picture of one colour is hardly changed by JPEG, so that its colours and blanked parts show what else was drawn.
  Image grey{64, 64, std::vector<std::uint8_t>(64 * 64 * 3, 128)};
  AugmentConfig usual, without;
  usual.recompression_probability = 1;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto compressed = augmented(grey, usual, plain(64), seed),
               plainly = augmented(grey, without, plain(64), seed);
    CHECK(compressed == augmented(grey, usual, plain(64), seed));
    double largest = 0;
    for (std::size_t i = 0; i < plainly.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(compressed[i]) - static_cast<double>(plainly[i])));
    CHECK(largest < 3.0 / 255);
  }
}

TEST_CASE("hair and frames darken some of a picture, and the rest of its transform is what it was") {
  Image grey{64, 64, std::vector<std::uint8_t>(64 * 64 * 3, 160)};
  AugmentConfig hairy, framed;
  hairy.hair_probability = framed.frame_probability = 1;
  const auto compare = [&](const AugmentConfig& config, std::uint64_t seed) {
    const auto with = augmented(grey, config, plain(64), seed), without = augmented(grey, {}, plain(64), seed);
    std::size_t darker = 0, equal = 0;
    for (std::size_t i = 0; i < with.size(); ++i) {
      REQUIRE(with[i] <= without[i] + 1e-3f);
      (with[i] < without[i] - 2e-3f ? darker : equal) += 1;
    }
    return static_cast<double>(darker) / static_cast<double>(darker + equal);
  };
  double hair = 0, frames = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const double hairs = compare(hairy, seed), frame = compare(framed, seed);
    CHECK(hairs < 0.6);
    CHECK(frame < 0.9);  // the middle stays
    hair += hairs / 40;
    frames += frame / 40;
  }
  CHECK(hair > 0.03);
  CHECK(frames > 0.05);

  hairy.hair_probability = 0.5;
  int untouched = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) untouched += compare(hairy, seed) == 0 ? 1 : 0;
  CHECK(untouched > 30);
  CHECK(untouched < 75);
}

TEST_CASE("without its overlays a transform moves and colours the picture alike") {
  const Image image = synthesise_lesion(1, 4, 5, 64);
  AugmentConfig config;
  config.hair_probability = config.frame_probability = config.recompression_probability = 0.5;
  config.max_hairs = 30;
  CHECK(has_overlays(config));
  const AugmentConfig without = without_overlays(config);
  CHECK_FALSE(has_overlays(without));
  CHECK(to_json(without) == to_json(AugmentConfig{}));
  for (std::uint64_t seed = 0; seed < 5; ++seed)
    CHECK(augmented(image, without, plain(64), seed) == augmented(image, {}, plain(64), seed));
}

TEST_CASE("overlays are only for who asks for them, and configurations without them read as before") {
  const auto plainly = to_json(AugmentConfig{});
  const std::vector<std::pair<const char*, const char*>> keys{
      {"hair_probability", "max_hairs"},
      {"frame_probability", "max_rim"},
      {"recompression_probability", "min_recompression_quality"}};
  for (const auto& [chance, extent] : keys) {
    CHECK_FALSE(plainly.contains(chance));
    CHECK_FALSE(plainly.contains(extent));
    auto asked = plainly;
    asked[chance] = 0.25;
    const AugmentConfig config = augment_config_from_json(asked);
    CHECK(has_overlays(config));
    const auto json = to_json(config);
    CHECK(json.at(chance) == 0.25);
    CHECK(json.contains(extent));
    CHECK(json.size() == plainly.size() + 2);
    CHECK(to_json(augment_config_from_json(json)) == json);
  }
  CHECK(to_json(augment_config_from_json(plainly)) == plainly);  // a knowledge cache is told by this text
}

TEST_CASE("shrinking averages instead of picking pixels") {
  Image stripes{256, 256, std::vector<std::uint8_t>(256 * 256 * 3)};
  for (std::size_t i = 0; i < stripes.rgb.size(); ++i) stripes.rgb[i] = (i / 3) % 2 == 0 ? 255 : 0;
  for (const float value : augmented(stripes, nothing(), plain(64), 1)) REQUIRE(std::abs(value - 0.5f) < 0.01f);
}

TEST_CASE("flips, quarter turns and the cropping rule map pixels exactly") {
  const Image image = pattern(40, 40, 3);
  std::vector<float> out(40 * 40 * 3);
  const auto at = [&](int x, int y, int channel) { return out[static_cast<std::size_t>((y * 40 + x) * 3 + channel)]; };
  const auto source = [&](int x, int y, int channel) {
    return static_cast<float>(image.rgb[static_cast<std::size_t>((y * 40 + x) * 3 + channel)]);
  };
  warp(image, {.xx = -1}, 40, 40, 40, out);
  CHECK(at(3, 7, 0) == Approx(source(36, 7, 0)).margin(1e-3));
  warp(image, {.xx = 0, .xy = 1, .yx = -1, .yy = 0}, 40, 40, 40, out);  // output (u, v) shows source (v, -u)
  CHECK(at(3, 7, 1) == Approx(source(7, 36, 1)).margin(1e-3));

  const Image wide = pattern(60, 40, 3);
  Preprocessing crop = plain(40);
  crop.rule = ResizeRule::CropShorterSide;
  const auto middle = augmented(wide, nothing(), crop, 1);
  CHECK(middle[(5 * 40 + 6) * 3] == Approx(static_cast<float>(wide.rgb[(5 * 60 + 16) * 3]) / 255.0f).margin(1e-4));
}

TEST_CASE("beyond the border the picture is mirrored") {
  const Image image = pattern(16, 16, 2);
  std::vector<float> out(32 * 32 * 3);
  warp(image, {.xx = 2, .yy = 2}, 16, 16, 32, out);  // the picture in the middle half
  const auto at = [&](int x, int y) { return out[static_cast<std::size_t>((y * 32 + x) * 3)]; };
  for (int i = 0; i < 8; ++i) {
    CHECK(at(7 - i, 16) == Approx(at(8 + i, 16)).margin(1e-3));
    CHECK(at(24 + i, 16) == Approx(at(23 - i, 16)).margin(1e-3));
  }
}

TEST_CASE("colour changes keep grey grey in hue and saturation, and brightness scales") {
  Image grey{32, 32, std::vector<std::uint8_t>(32 * 32 * 3, 100)};
  AugmentConfig config = nothing();
  config.hue = 30;
  config.saturation = 0.5;
  for (const float value : augmented(grey, config, plain(32), 9)) REQUIRE(value == Approx(100.0 / 255).margin(1e-5));
  config = nothing();
  config.brightness = 0.2;
  bool darker = false, brighter = false;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const float value = augmented(grey, config, plain(32), seed)[0] * 255;
    CHECK(value >= 79.9f);
    CHECK(value <= 120.1f);
    darker = darker || value < 95;
    brighter = brighter || value > 105;
  }
  CHECK((darker && brighter));
}

TEST_CASE("blur keeps the mean and smooths; dropout blanks no more than its share") {
  const Image image = synthesise_lesion(2, 6, 7, 64);
  AugmentConfig config = nothing();
  config.blur_probability = 1;
  config.max_blur = 8;
  const auto sharp = augmented(image, nothing(), plain(64), 5), blurred = augmented(image, config, plain(64), 5);
  const auto roughness = [](const std::vector<float>& v) {
    double sum = 0;
    for (std::size_t i = 3; i < v.size(); ++i) sum += std::abs(static_cast<double>(v[i] - v[i - 3]));
    return sum;
  };
  const auto total = [](const std::vector<float>& v) {
    double sum = 0;
    for (const float value : v) sum += static_cast<double>(value);
    return sum;
  };
  CHECK(roughness(blurred) < 0.8 * roughness(sharp));
  CHECK(total(blurred) == Approx(total(sharp)).epsilon(0.01));

  config = nothing();
  config.dropout_probability = 1;
  Image bright{64, 64, std::vector<std::uint8_t>(64 * 64 * 3, 200)};
  std::int64_t most = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto out = augmented(bright, config, plain(64), seed);
    most = std::max<std::int64_t>(most, std::count(out.begin(), out.end(), 0.0f));
  }
  CHECK(most > 0);
  CHECK(static_cast<double>(most) <=
        (config.max_dropout_area + config.max_dropout_side * config.max_dropout_side + 0.01) * 64 * 64 * 3);
}

TEST_CASE("tiny, long and large pictures are augmented without trouble") {
  for (const auto& [width, height] : {std::pair{16, 16}, {1, 40}, {300, 17}, {601, 449}}) {
    INFO(width << "x" << height);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      for (const float value : augmented(pattern(width, height, 1), {}, plain(48), seed))
        REQUIRE((value >= 0 && value <= 1));
    }
  }
}

TEST_CASE("the configuration survives JSON, and wrong values are named") {
  AugmentConfig config;
  config.hue = 7.5;
  config.max_blur = 2.25;
  config.enabled = false;
  const AugmentConfig read = augment_config_from_json(to_json(config));
  CHECK(to_json(read) == to_json(config));
  CHECK(to_json(config).size() == 16);
  const auto error = [](const char* text) {
    return message_of<InputError>([&] { augment_config_from_json(nlohmann::json::parse(text)); });
  };
  CHECK_THAT(error(R"({"hues": 3})"), Contains("\"hues\"") && Contains("unknown"));
  CHECK_THAT(error(R"({"hue": "a"})"), Contains("\"hue\"") && Contains("a number from 0"));
  CHECK_THAT(error(R"({"flip_probability": 1.5})"), Contains("flip_probability") && Contains("1.5"));
  CHECK_THAT(error(R"({"min_scale": 1.5})"), Contains("min_scale") && Contains("above max_scale"));
  std::vector<float> out(10);
  CHECK_THAT(message_of<ShapeError>([&] { augment(pattern(20, 20, 1), {}, plain(32), 1, out); }),
             Contains("10 values") && Contains("32"));
}
