#include "native/data/overlays.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "native/data/strokes.h"

namespace dermdistill {
namespace {

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

int rim_of(float share, int side) {
  return std::max(1, static_cast<int>(std::lround(share * static_cast<float>(side))));
}

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

}  // namespace

void lay_hair(Image& image, Random& random, int count, double darkest, double lightest) {
  StrokesOver strokes(image);
  draw_hairs(strokes.map(), random, count);
  strokes.darken(image, uniform(random, darkest, lightest), 0.15f);
}

void lay_ruler(Image& image, Random& random, float depth) {
  const auto edge = random.below(4);
  const bool upright = edge < 2, far = edge % 2 == 1;
  const auto width = static_cast<float>(image.width), height = static_cast<float>(image.height);
  const float shorter = std::min(width, height), length = upright ? height : width, across = upright ? width : height;
  const float spacing = shorter / 16;
  StrokesOver strokes(image);
  int tick = 0;
  for (float at = uniform(random, 0, 1) * spacing; at < length; at += spacing, ++tick) {
    const float begin = 0.02f * shorter, end = (tick % 5 == 0 ? depth : 0.08f) * shorter;
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

void mask_round(Image& image, float radius, float shift_x, float shift_y) {
  const auto shorter = static_cast<float>(std::min(image.width, image.height));
  const float reach = 0.5f * shorter * radius, fade = std::max(1.0f, shorter / 84);
  const float x = 0.5f * (static_cast<float>(image.width - 1) + shift_x * shorter),
              y = 0.5f * (static_cast<float>(image.height - 1) + shift_y * shorter);
  dim(image, [&](int column, int row) {
    const float distance = std::hypot(static_cast<float>(column) - x, static_cast<float>(row) - y);
    return std::clamp((reach - distance) / fade + 0.5f, 0.0f, 1.0f);
  });
}

void blacken_sides(Image& image, float share) {
  const int rim = rim_of(share, image.width);
  dim(image, [&](int column, int) { return column < rim || column >= image.width - rim ? 0.0f : 1.0f; });
}

void blacken_top_and_bottom(Image& image, float share) {
  const int rim = rim_of(share, image.height);
  dim(image, [&](int, int row) { return row < rim || row >= image.height - rim ? 0.0f : 1.0f; });
}

}  // namespace dermdistill
