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
#include "native/data/overlays.h"
#include "native/data/warp.h"

namespace dermdistill {
namespace {

struct Option {
  const char* name;
  double AugmentConfig::*value;
  double low, high;  // allowed range
};

constexpr std::array<Option, 21> kOptions{
    {{"min_scale", &AugmentConfig::min_scale, 0.1, 2},
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
     {"hair_probability", &AugmentConfig::hair_probability, 0, 1},
     {"max_hairs", &AugmentConfig::max_hairs, 1, 100},
     {"frame_probability", &AugmentConfig::frame_probability, 0, 1},
     {"max_rim", &AugmentConfig::max_rim, 0, 0.3},
     {"recompression_probability", &AugmentConfig::recompression_probability, 0, 1},
     {"min_recompression_quality", &AugmentConfig::min_recompression_quality, 1, 95}}};

/// What is off by default and, while it is off, not written: a cache of before there was the option is still its run's.
struct Overlay {
  const char* name;
  double AugmentConfig::*chance;
  const char* extent_name;
  double AugmentConfig::*extent;
};
constexpr std::array<Overlay, 3> kOverlays{
    {{"hair_probability", &AugmentConfig::hair_probability, "max_hairs", &AugmentConfig::max_hairs},
     {"frame_probability", &AugmentConfig::frame_probability, "max_rim", &AugmentConfig::max_rim},
     {"recompression_probability", &AugmentConfig::recompression_probability, "min_recompression_quality",
      &AugmentConfig::min_recompression_quality}}};

constexpr double kMostJpegQuality = 95;
// Each overlay draws from a sequence of its own: a transform without it is what it was before there was any.
constexpr std::uint64_t kHairSeed = 0x4861697273, kFrameSeed = 0x4672616D65, kCompressionSeed = 0x4A50454742797465;

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

/// A round mask, mostly, or rims at two sides: what cameras leave black.
void lay_frame(Image& picture, Random& random, double max_rim) {
  const float rim = uniform(random, 0, max_rim);
  if (random.chance(0.6)) {
    // From a circle that cuts the corners alone to one that leaves max_rim at each side.
    const float widest = 1.3f, narrowest = 1 - 2 * static_cast<float>(max_rim);
    const float radius = widest + (narrowest - widest) * uniform(random, 0, 1);
    const float shift_x = uniform(random, -0.1, 0.1), shift_y = uniform(random, -0.1, 0.1);
    mask_round(picture, radius, shift_x, shift_y);
  } else {
    random.chance(0.5) ? blacken_sides(picture, rim) : blacken_top_and_bottom(picture, rim);
  }
}

/// Lays over `picture` what the configuration asks for; empty when the draw leaves it as it is.
std::optional<Image> overlaid(const Image& picture, const AugmentConfig& config, std::uint64_t seed) {
  Random hair(seed ^ kHairSeed), frame(seed ^ kFrameSeed), compression(seed ^ kCompressionSeed);
  const bool has_hair = hair.chance(config.hair_probability), has_frame = frame.chance(config.frame_probability),
             is_compressed = compression.chance(config.recompression_probability);
  if (!has_hair && !has_frame && !is_compressed) return std::nullopt;
  Image result = picture;
  if (has_hair) {
    const int count = 1 + static_cast<int>(hair.uniform(0, config.max_hairs));
    lay_hair(result, hair, count, 0.05, 0.45);
  }
  if (has_frame) lay_frame(result, frame, config.max_rim);
  if (is_compressed) {
    const auto quality = static_cast<int>(compression.uniform(config.min_recompression_quality, kMostJpegQuality));
    result = decode_image(encode_jpeg(result, quality), "a picture stored again");
  }
  return result;
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
  for (const Overlay& overlay : kOverlays) {
    if (config.*overlay.chance != 0) continue;
    json.erase(overlay.name);
    json.erase(overlay.extent_name);
  }
  return json;
}

AugmentConfig without_overlays(const AugmentConfig& config) {
  AugmentConfig plain = config;
  const AugmentConfig defaults;
  for (const Overlay& overlay : kOverlays) {
    plain.*overlay.chance = 0;
    plain.*overlay.extent = defaults.*overlay.extent;
  }
  return plain;
}

bool has_overlays(const AugmentConfig& config) {
  return config.enabled && std::any_of(kOverlays.begin(), kOverlays.end(),
                                       [&](const Overlay& overlay) { return config.*overlay.chance != 0; });
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
    if (key == "jpeg_probability" || key == "min_jpeg_quality") {
      throw InputError(
          "augmentation \"" + key + "\"",
          "is of a version that stored pictures again after their transform and showed teachers the same",
          "\"recompression_probability\", which comes before the transform; begin the run again with --jpeg");
    }
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
  augment(source, config, preprocessing, AugmentSeeds{seed, seed}, out);
}

void augment(const Image& source, const AugmentConfig& config, const Preprocessing& preprocessing,
             const AugmentSeeds& seeds, std::span<float> out) {
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
  const Image& plain = reduced ? *reduced : source;
  const std::optional<Image> covered = overlaid(plain, config, seeds.overlays);
  const Image& seen = covered ? *covered : plain;
  Random random(seeds.transform);
  const Affine window = draw_window(random, config);
  const bool squash = preprocessing.rule == ResizeRule::Squash;
  const int shorter = std::min(seen.width, seen.height);
  warp(seen, window, squash ? seen.width : shorter, squash ? seen.height : shorter, size, out);
  if (random.chance(config.blur_probability)) {
    const double deviation = random.uniform(0, config.max_blur) * size / 224.0;
    if (deviation > 0.2) blur(gaussian(deviation), size, out);
  }
  recolour(draw_colour(random, config), preprocessing, out);
  drop_patches(random, config, size, out);
}

}  // namespace dermdistill
