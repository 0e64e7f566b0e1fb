#include "native/data/strokes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dermdistill {
namespace {

constexpr double kFullTurn = 2 * std::numbers::pi;

struct Twig {
  float x, y, heading, radius, length;
};

}  // namespace

StrokeMap::StrokeMap(int size)
    : size_(size), coverage_(static_cast<std::size_t>(size) * static_cast<std::size_t>(size), 0.0f) {}

void StrokeMap::dab(float x, float y, float radius, float strength) {
  const float half = 0.5f * static_cast<float>(size_);
  const float column = (x + 1) * half - 0.5f, row = (y + 1) * half - 0.5f, reach = radius * half + 0.5f;
  const auto bound = [this](float value) {
    return static_cast<int>(std::clamp(value, -1.0f, static_cast<float>(size_)));
  };
  for (int j = std::max(0, bound(row - reach)); j <= std::min(size_ - 1, bound(row + reach + 1)); ++j) {
    for (int i = std::max(0, bound(column - reach)); i <= std::min(size_ - 1, bound(column + reach + 1)); ++i) {
      const float distance = std::hypot(static_cast<float>(i) - column, static_cast<float>(j) - row);
      const float cover =
          strength * std::clamp(reach + 0.5f - distance, 0.0f, 1.0f) * std::min(1.0f, radius * half * 2);
      float& pixel = coverage_[static_cast<std::size_t>(j * size_ + i)];
      pixel = std::max(pixel, cover);
    }
  }
}

void StrokeMap::line(float x0, float y0, float x1, float y1, float radius, float strength) {
  const int steps = std::max(1, static_cast<int>(std::hypot(x1 - x0, y1 - y0) * static_cast<float>(size_) * 0.75f));
  for (int i = 0; i <= steps; ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(steps);
    dab(x0 + t * (x1 - x0), y0 + t * (y1 - y0), radius, strength);
  }
}

float StrokeMap::at_point(float x, float y) const {
  const float half = 0.5f * static_cast<float>(size_);
  const float column = (x + 1) * half - 0.5f, row = (y + 1) * half - 0.5f;
  if (!(column >= 0 && row >= 0 && column < static_cast<float>(size_ - 1) && row < static_cast<float>(size_ - 1)))
    return 0;
  const int i = static_cast<int>(column), j = static_cast<int>(row);
  const float dx = column - static_cast<float>(i), dy = row - static_cast<float>(j);
  const float top = at(i, j) + dx * (at(i + 1, j) - at(i, j)),
              bottom = at(i, j + 1) + dx * (at(i + 1, j + 1) - at(i, j + 1));
  return top + dy * (bottom - top);
}

void draw_branching_vessels(StrokeMap& map, Random& random, float radius, float strength) {
  std::vector<Twig> twigs;
  const int trunks = 2 + static_cast<int>(random.below(4));
  for (int i = 0; i < trunks; ++i) {
    const float angle = uniform(random, 0, kFullTurn);
    const float inwards = angle + static_cast<float>(std::numbers::pi) + uniform(random, -0.5, 0.5);
    twigs.push_back({radius * std::cos(angle), radius * std::sin(angle), inwards, uniform(random, 0.014, 0.026),
                     radius * uniform(random, 0.9, 1.5)});
  }
  constexpr float kStep = 0.03f;
  constexpr std::size_t kMostTwigs = 60;
  for (std::size_t k = 0; k < twigs.size(); ++k) {
    Twig twig = twigs[k];
    for (float gone = 0; gone < twig.length; gone += kStep) {
      twig.heading += uniform(random, -0.3, 0.3);
      const float x = twig.x + kStep * std::cos(twig.heading), y = twig.y + kStep * std::sin(twig.heading);
      map.line(twig.x, twig.y, x, y, twig.radius, strength);
      twig.x = x;
      twig.y = y;
      twig.radius = std::max(0.003f, twig.radius * 0.97f);
      if (random.chance(0.16) && twigs.size() < kMostTwigs) {
        const float turn = (random.chance(0.5) ? 1.0f : -1.0f) * uniform(random, 0.5, 1.1);
        twigs.push_back(
            {x, y, twig.heading + turn, twig.radius * 0.65f, (twig.length - gone) * uniform(random, 0.4, 0.8)});
      }
    }
  }
}

void draw_hairs(StrokeMap& map, Random& random, int count) {
  const float main_heading = uniform(random, 0, kFullTurn);
  for (int hair = 0; hair < count; ++hair) {
    float x = uniform(random, -1.1, 1.1), y = uniform(random, -1.1, 1.1);
    float heading = main_heading + uniform(random, -0.6, 0.6);
    const float bend = uniform(random, -0.06, 0.06), radius = uniform(random, 0.005, 0.011),
                strength = uniform(random, 0.55, 0.95);
    const int steps = 10 + static_cast<int>(random.below(30));
    for (int i = 0; i < steps; ++i) {
      const float next_x = x + 0.04f * std::cos(heading), next_y = y + 0.04f * std::sin(heading);
      map.line(x, y, next_x, next_y, radius, strength);
      x = next_x;
      y = next_y;
      heading += bend + uniform(random, -0.03, 0.03);
    }
  }
}

void draw_ruler(StrokeMap& map, Random& random) {
  const float edge = uniform(random, 0.85, 0.95), spacing = uniform(random, 0.07, 0.11);
  const bool upright = random.chance(0.5);
  const float side = random.chance(0.5) ? 1.0f : -1.0f;
  int tick = 0;
  for (float at = -1; at < 1; at += spacing, ++tick) {
    const float end = edge - (tick % 10 == 0 ? 0.16f : tick % 5 == 0 ? 0.12f : 0.07f);
    if (upright) {
      map.line(side * edge, at, side * end, at, 0.006f, 0.9f);
    } else {
      map.line(at, side * edge, at, side * end, 0.006f, 0.9f);
    }
  }
}

}  // namespace dermdistill
