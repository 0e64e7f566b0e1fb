#include "native/audit/disturbances.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/resize.h"
#include "native/data/strokes.h"

namespace dermdistill {
namespace {

constexpr std::uint64_t kDisturbanceSeed = 2019;

std::uint8_t* pixel_at(Image& image, int column, int row) {
  return image.rgb.data() + 3 * (static_cast<std::ptrdiff_t>(row) * image.width + column);
}

/// Every channel times share(column, row) in [0, 1].
template <typename Share>
void dim(Image& image, const Share& share) {
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      const float kept = share(column, row);
      std::uint8_t* pixel = pixel_at(image, column, row);
      for (int k = 0; k < 3; ++k) pixel[k] = static_cast<std::uint8_t>(kept * static_cast<float>(pixel[k]) + 0.5f);
    }
  }
}

void mask_round(Image& image) {
  const auto shorter = static_cast<float>(std::min(image.width, image.height));
  const float radius = 0.5f * shorter, fade = std::max(1.0f, shorter / 84);
  const float x = 0.5f * static_cast<float>(image.width - 1), y = 0.5f * static_cast<float>(image.height - 1);
  dim(image, [&](int column, int row) {
    const float distance = std::hypot(static_cast<float>(column) - x, static_cast<float>(row) - y);
    return std::clamp((radius - distance) / fade + 0.5f, 0.0f, 1.0f);
  });
}

int rim_of(int side) { return std::max(1, static_cast<int>(std::lround(kRimShare * static_cast<float>(side)))); }

/// A map of strokes as wide as the picture's longer side, the picture in its middle, so that strokes keep their shape.
class StrokesOver {
 public:
  explicit StrokesOver(const Image& image)
      : side_(std::max(image.width, image.height)),
        left_((side_ - image.width) / 2),
        top_((side_ - image.height) / 2),
        map_(side_) {}

  StrokeMap& map() { return map_; }

  /// A line between two points in the picture's pixels; `radius` in map units.
  void line(float x0, float y0, float x1, float y1, float radius, float strength) {
    const auto place = [this](float at, int offset) {
      return 2 * (at + static_cast<float>(offset)) / static_cast<float>(side_) - 1;
    };
    map_.line(place(x0, left_), place(y0, top_), place(x1, left_), place(y1, top_), radius, strength);
  }

  /// Toward `tone` in [0, 1], a little redder where `tint` says so; nothing becomes brighter.
  void darken(Image& image, float tone, float tint) const {
    for (int row = 0; row < image.height; ++row) {
      for (int column = 0; column < image.width; ++column) {
        const float cover = map_.at(column + left_, row + top_);
        std::uint8_t* pixel = pixel_at(image, column, row);
        for (int k = 0; k < 3; ++k) {
          const auto value = static_cast<float>(pixel[k]);
          const float target = std::min(value, 255 * tone * (1 + tint * static_cast<float>(1 - k)));
          pixel[k] = static_cast<std::uint8_t>(value + cover * (target - value) + 0.5f);
        }
      }
    }
  }

 private:
  int side_, left_, top_;
  StrokeMap map_;
};

void lay_hair(Image& image, Random& random) {
  StrokesOver strokes(image);
  draw_hairs(strokes.map(), random, kHairs);
  strokes.darken(image, uniform(random, 0.08, 0.3), 0.15f);
}

/// About 16 ticks along the shorter side, every fifth one longer.
void lay_ruler(Image& image, Random& random) {
  const auto edge = random.below(4);
  const bool upright = edge < 2, far = edge % 2 == 1;
  const auto width = static_cast<float>(image.width), height = static_cast<float>(image.height);
  const float shorter = std::min(width, height), length = upright ? height : width, across = upright ? width : height;
  const float spacing = shorter / 16;
  StrokesOver strokes(image);
  int tick = 0;
  for (float at = uniform(random, 0, 1) * spacing; at < length; at += spacing, ++tick) {
    const float begin = 0.02f * shorter, end = (tick % 5 == 0 ? kRulerDepth : 0.08f) * shorter;
    const float from = far ? across - begin : begin, to = far ? across - end : end;
    constexpr float kRadius = 0.008f, kStrength = 0.95f;
    if (upright) {
      strokes.line(from, at, to, at, kRadius, kStrength);
    } else {
      strokes.line(at, from, at, to, kRadius, kStrength);
    }
  }
  strokes.darken(image, 0.1f, 0);
}

Image stretch_middle(const Image& image) {
  const int width = std::max(1, static_cast<int>(std::lround(kMiddleShare * static_cast<float>(image.width))));
  const std::ptrdiff_t left = (image.width - width) / 2;
  Image middle{width, image.height, {}};
  for (std::ptrdiff_t row = 0; row < image.height; ++row) {
    const auto begin = image.rgb.begin() + 3 * (row * image.width + left);
    middle.rgb.insert(middle.rgb.end(), begin, begin + 3 * static_cast<std::ptrdiff_t>(width));
  }
  const int side = std::max(middle.width, middle.height);
  return resize(middle, side, side);
}

}  // namespace

std::string to_string(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::RoundMask:
      return "round black mask";
    case Disturbance::SideRims:
      return "black at the left and right";
    case Disturbance::UpperRims:
      return "black at the top and bottom";
    case Disturbance::Hair:
      return "hair";
    case Disturbance::Ruler:
      return "ruler";
    case Disturbance::Proportions:
      return "stretched in width by 4 : 3";
  }
  throw InputError("disturbance", "is unknown", "one of those with a name");
}

Image disturb(const Image& image, Disturbance disturbance, std::uint64_t seed) {
  if (image.width < 1 || image.height < 1) throw InputError("picture to be disturbed", "is empty", "pixels");
  if (disturbance == Disturbance::Proportions) return stretch_middle(image);
  Image result = image;
  Random random(mix_seed(kDisturbanceSeed, static_cast<std::uint64_t>(disturbance), seed));
  const int side_rim = rim_of(image.width), upper_rim = rim_of(image.height);
  switch (disturbance) {
    case Disturbance::RoundMask:
      mask_round(result);
      break;
    case Disturbance::SideRims:
      dim(result, [&](int column, int) { return column < side_rim || column >= image.width - side_rim ? 0.0f : 1.0f; });
      break;
    case Disturbance::UpperRims:
      dim(result, [&](int, int row) { return row < upper_rim || row >= image.height - upper_rim ? 0.0f : 1.0f; });
      break;
    case Disturbance::Hair:
      lay_hair(result, random);
      break;
    case Disturbance::Ruler:
      lay_ruler(result, random);
      break;
    case Disturbance::Proportions:
      break;
  }
  return result;
}

}  // namespace dermdistill
