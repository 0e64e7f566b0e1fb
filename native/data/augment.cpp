#include "native/data/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "native/data/jpeg_writer.h"
#include "native/data/warp.h"

namespace dermdistill {
namespace {

struct Option {
  const char* name;
  double AugmentConfig::*value;
  double low, high;  // allowed range
};

constexpr std::array<Option, 17> kOptions{{{"min_scale", &AugmentConfig::min_scale, 0.1, 2},
                                           {"max_scale", &AugmentConfig::max_scale, 0.1, 2},
                                           {"max_stretch", &AugmentConfig::max_stretch, 1, 2},
                                           {"max_shift", &AugmentConfig::max_shift, 0, 1},
                                           {"max_rotation", &AugmentConfig::max_rotation, 0, 180},
                                           {"flip_probability", &AugmentConfig::flip_probability, 0, 1},
                                           {"blur_probability", &AugmentConfig::blur_probability, 0, 1},
                                           {"max_blur", &AugmentConfig::max_blur, 0, 10},
                                           {"dropout_probability", &AugmentConfig::dropout_probability, 0, 1},
                                           {"max_dropout_area", &AugmentConfig::max_dropout_area, 0, 0.5},
                                           {"max_dropout_side", &AugmentConfig::max_dropout_side, 0, 0.5},
                                           {"brightness", &AugmentConfig::brightness, 0, 0.5},
                                           {"contrast", &AugmentConfig::contrast, 0, 0.5},
                                           {"saturation", &AugmentConfig::saturation, 0, 1},
                                           {"hue", &AugmentConfig::hue, 0, 180},
                                           {"jpeg_probability", &AugmentConfig::jpeg_probability, 0, 1},
                                           {"min_jpeg_quality", &AugmentConfig::min_jpeg_quality, 1, 95}}};

constexpr double kMostJpegQuality = 95;
// Compression draws from a sequence of its own: a transform without it is what it was before there was any.
constexpr std::uint64_t kCompressionSeed = 0x4A50454742797465;

/// Mathematical libraries differ in the last bits of cos and exp; rounded, they agree.
double rounded(double value) { return std::nearbyint(value * 0x1.0p30) * 0x1.0p-30; }
double portable_cos(double angle) { return rounded(std::cos(angle)); }
double portable_sin(double angle) { return rounded(std::sin(angle)); }

/// Where the picture's window lies: frame coordinates run from -1 to 1 along both sides, as the output's do.
Affine draw_window(Random& random, const AugmentConfig& config) {
  const double scale = random.uniform(config.min_scale, config.max_scale);
  double stretch = random.uniform(1, config.max_stretch);
  if (random.chance(0.5)) stretch = 1 / stretch;
  const double width = scale * std::sqrt(stretch), height = scale / std::sqrt(stretch);
  const double room_x = std::max(0.0, 1 - width) * config.max_shift,
               room_y = std::max(0.0, 1 - height) * config.max_shift;
  const double x = random.uniform(-1, 1) * room_x, y = random.uniform(-1, 1) * room_y;
  const double sign_x = random.chance(config.flip_probability) ? -1 : 1,
               sign_y = random.chance(config.flip_probability) ? -1 : 1;
  const double angle = random.uniform(-1, 1) * config.max_rotation * std::numbers::pi / 180;
  const double c = portable_cos(angle), s = portable_sin(angle);
  return {.xx = c * width * sign_x,
          .xy = -s * height * sign_y,
          .x = x,
          .yx = s * width * sign_x,
          .yy = c * height * sign_y,
          .y = y};
}

/// A colour change as an affine map of RGB in [0, 255]: a rotation about the grey axis (hue), a mix with the luminance
/// (saturation), a stretch about middle grey (contrast) and a factor (brightness).
struct ColourChange {
  std::array<float, 9> matrix{};
  float offset = 0;
};

ColourChange draw_colour(Random& random, const AugmentConfig& config) {
  const double gain = 1 + random.uniform(-1, 1) * config.brightness,
               contrast = 1 + random.uniform(-1, 1) * config.contrast;
  const double saturation = 1 + random.uniform(-1, 1) * config.saturation;
  const double angle = random.uniform(-1, 1) * config.hue * std::numbers::pi / 180;
  const double c = portable_cos(angle), t = (1 - c) / 3, s = portable_sin(angle) / std::sqrt(3.0);
  const std::array<double, 9> turn{c + t, t - s, t + s, t + s, c + t,
                                   t - s, t - s, t + s, c + t};     // Rodrigues about (1, 1, 1)
  constexpr std::array<double, 3> kLuminance{0.299, 0.587, 0.114};  // ITU-R BT.601
  ColourChange change;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      double luminance = 0;
      for (std::size_t k = 0; k < 3; ++k) luminance += kLuminance[k] * turn[3 * k + column];
      const double mixed = saturation * turn[3 * row + column] + (1 - saturation) * luminance;
      change.matrix[3 * row + column] = static_cast<float>(gain * contrast * mixed);
    }
  }
  change.offset = static_cast<float>(gain * (1 - contrast) * 127.5);
  return change;
}

/// Changes colours and normalises in one pass; pixels [n, 3] hold values in [0, 255].
void recolour(const ColourChange& change, const Preprocessing& preprocessing, std::span<float> pixels) {
  std::array<float, 3> factor{}, shift{};
  for (std::size_t k = 0; k < 3; ++k) {
    factor[k] = 1.0f / (255.0f * preprocessing.std[k]);
    shift[k] = -preprocessing.mean[k] / preprocessing.std[k];
  }
  const std::array<float, 9> m = change.matrix;
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    const float r = pixels[i], g = pixels[i + 1], b = pixels[i + 2];
    const float red = m[0] * r + m[1] * g + m[2] * b + change.offset;
    const float green = m[3] * r + m[4] * g + m[5] * b + change.offset;
    const float blue = m[6] * r + m[7] * g + m[8] * b + change.offset;
    pixels[i] = std::clamp(red, 0.0f, 255.0f) * factor[0] + shift[0];
    pixels[i + 1] = std::clamp(green, 0.0f, 255.0f) * factor[1] + shift[1];
    pixels[i + 2] = std::clamp(blue, 0.0f, 255.0f) * factor[2] + shift[2];
  }
}

/// Stores the picture as JPEG, as whoever sends one on does, and reads it again; pixels [size, size, 3] in [0, 255].
void compress(Random& random, const AugmentConfig& config, int size, std::span<float> pixels) {
  if (!random.chance(config.jpeg_probability)) return;
  const auto quality = static_cast<int>(random.uniform(config.min_jpeg_quality, kMostJpegQuality));
  Image picture{size, size, std::vector<std::uint8_t>(pixels.size())};
  std::ranges::transform(pixels, picture.rgb.begin(),
                         [](float value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f) + 0.5f); });
  const Image read = decode_image(encode_jpeg(picture, quality), "a picture stored again");
  std::ranges::transform(read.rgb, pixels.begin(), [](std::uint8_t value) { return static_cast<float>(value); });
}

/// Blanks rectangles with the mean colour, which is 0 after normalisation.
void drop_patches(Random& random, const AugmentConfig& config, int size, std::span<float> pixels) {
  if (!random.chance(config.dropout_probability)) return;
  const double area = random.uniform(0, config.max_dropout_area);
  constexpr int kMostPatches = 12;
  double covered = 0;
  for (int patch = 0; patch < kMostPatches && covered < area; ++patch) {
    const double width = random.uniform(0.25, 1) * config.max_dropout_side,
                 height = random.uniform(0.25, 1) * config.max_dropout_side;
    const double left = random.uniform(0, 1 - width), top = random.uniform(0, 1 - height);
    covered += width * height;
    const auto pixel = [size](double share) { return static_cast<std::size_t>(share * size); };
    for (std::size_t y = pixel(top); y < pixel(top + height); ++y) {
      const auto row = pixels.subspan(3 * (y * static_cast<std::size_t>(size) + pixel(left)),
                                      3 * (pixel(left + width) - pixel(left)));
      std::fill(row.begin(), row.end(), 0.0f);
    }
  }
}

/// Weights of a Gaussian, from its middle outwards, summing to 1 over both sides.
std::vector<float> gaussian(double deviation) {
  const auto radius = static_cast<int>(std::ceil(2.5 * deviation));
  std::vector<double> weights;
  double sum = 0;
  for (int i = 0; i <= radius; ++i) {
    weights.push_back(rounded(std::exp(-0.5 * i * i / (deviation * deviation))));
    sum += (i == 0 ? 1 : 2) * weights.back();
  }
  std::vector<float> result;
  result.reserve(weights.size());
  for (const double weight : weights) result.push_back(static_cast<float>(weight / sum));
  return result;
}

}  // namespace

nlohmann::json to_json(const AugmentConfig& config) {
  nlohmann::json json{{"enabled", config.enabled}};
  for (const Option& option : kOptions) json[option.name] = config.*option.value;
  if (config.jpeg_probability == 0) {  // as before there was the option, so that a cache of then is still its run's
    json.erase("jpeg_probability");
    json.erase("min_jpeg_quality");
  }
  return json;
}

AugmentConfig augment_config_from_json(const nlohmann::json& json) {
  AugmentConfig config;
  if (!json.is_object())
    throw InputError("the augmentation's configuration", "is not a JSON object", "an object of numbers");
  for (const auto& [key, value] : json.items()) {
    if (key == "enabled") {
      if (!value.is_boolean()) throw InputError("augmentation \"enabled\"", "is " + value.dump(), "true or false");
      config.enabled = value.get<bool>();
      continue;
    }
    const auto option =
        std::find_if(kOptions.begin(), kOptions.end(), [&name = key](const Option& one) { return name == one.name; });
    if (option == kOptions.end())
      throw InputError("augmentation \"" + key + "\"", "is unknown", "one of the keys that a run's config.json lists");
    if (!value.is_number() || !(value.get<double>() >= option->low && value.get<double>() <= option->high)) {
      throw InputError(
          "augmentation \"" + key + "\"", "is " + value.dump(),
          "a number from " + nlohmann::json(option->low).dump() + " to " + nlohmann::json(option->high).dump());
    }
    config.*(option->value) = value.get<double>();
  }
  if (config.min_scale > config.max_scale)
    throw InputError("augmentation \"min_scale\"", "is above max_scale", "at most max_scale");
  return config;
}

void augment(const Image& source, const AugmentConfig& config, const Preprocessing& preprocessing, std::uint64_t seed,
             std::span<float> out) {
  const int size = preprocessing.size;
  if (out.size() != static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3) {
    throw ShapeError("an augmented image", "has " + std::to_string(out.size()) + " values",
                     "size x size x 3 with size " + std::to_string(size));
  }
  if (!config.enabled) {
    normalise(bring_to_size(source, std::nullopt, preprocessing), preprocessing, out);
    return;
  }
  const std::optional<Image> reduced = reduce_detail(source, std::nullopt, preprocessing);
  const Image& seen = reduced ? *reduced : source;
  Random random(seed);
  const Affine window = draw_window(random, config);
  const bool squash = preprocessing.rule == ResizeRule::Squash;
  const int shorter = std::min(seen.width, seen.height);
  warp(seen, window, squash ? seen.width : shorter, squash ? seen.height : shorter, size, out);
  if (random.chance(config.blur_probability)) {
    const double deviation = random.uniform(0, config.max_blur) * size / 224.0;
    if (deviation > 0.2) blur(gaussian(deviation), size, out);
  }
  Random compression(seed ^ kCompressionSeed);
  compress(compression, config, size, out);
  recolour(draw_colour(random, config), preprocessing, out);
  drop_patches(random, config, size, out);
}

}  // namespace dermdistill
