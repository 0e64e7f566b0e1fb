#include "native/audit/disturbances.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "core/image/resize.h"
#include "tests/audit/audited.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

struct Side {
  int width, height;
};
constexpr Side kSides[] = {{84, 84}, {600, 450}, {450, 600}, {16, 16}, {17, 40}};

/// Bright enough that every disturbance is darker.
Image bright_picture(int width, int height) {
  Random random(5);
  Image image{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3)};
  for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(120 + random.below(136));
  return image;
}

using Pixel = std::array<int, 3>;

Pixel pixel(const Image& image, int column, int row) {
  const std::uint8_t* values = image.rgb.data() + 3 * (row * image.width + column);
  return {values[0], values[1], values[2]};
}
constexpr Pixel kBlack{0, 0, 0};

using Place = std::function<bool(int column, int row)>;
bool everywhere(const Image& image, const Place& holds) {
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      if (!holds(column, row)) return false;
    }
  }
  return true;
}

/// Counts the pixels that differ; nothing may be brighter.
int darker_pixels(const Image& before, const Image& after) {
  int darker = 0;
  bool brighter = false;
  for (std::size_t i = 0; i < before.rgb.size(); i += 3) {
    bool differs = false;
    for (std::size_t k = i; k < i + 3; ++k) {
      brighter = brighter || after.rgb[k] > before.rgb[k];
      differs = differs || after.rgb[k] != before.rgb[k];
    }
    darker += differs;
  }
  CHECK(!brighter);
  return darker;
}

}  // namespace

TEST_CASE("a round mask is black outside the circle that touches the shorter sides, and nothing else") {
  for (const auto [width, height] : kSides) {
    INFO(width << " x " << height);
    const Image image = bright_picture(width, height), masked = disturb(image, Disturbance::RoundMask, 3);
    REQUIRE((masked.width == width && masked.height == height));
    const double radius = 0.5 * std::min(width, height), fade = std::max(1.0, radius / 42);
    const auto distance = [&](int column, int row) {
      return std::hypot(column + 0.5 - 0.5 * width, row + 0.5 - 0.5 * height);
    };
    CHECK(everywhere(image, [&](int column, int row) {
      const Pixel before = pixel(image, column, row), after = pixel(masked, column, row);
      if (distance(column, row) < radius - 0.51 * fade) return after == before;
      if (distance(column, row) > radius + 0.51 * fade) return after == kBlack;
      return after[0] <= before[0] && after[1] <= before[1] && after[2] <= before[2];
    }));
    CHECK(pixel(masked, 0, 0) == kBlack);
    CHECK(pixel(masked, width - 1, height - 1) == kBlack);
    CHECK(pixel(masked, width / 2, height / 2) == pixel(image, width / 2, height / 2));
    CHECK(masked.rgb == disturb(image, Disturbance::RoundMask, 4).rgb);  // it has nothing to draw
  }
}

TEST_CASE("black rims cover 8 % at each of two sides") {
  for (const auto [width, height] : kSides) {
    INFO(width << " x " << height);
    const Image image = bright_picture(width, height);
    const Image side = disturb(image, Disturbance::SideRims, 0), upper = disturb(image, Disturbance::UpperRims, 0);
    const auto rim = [](int length) { return std::max(1, static_cast<int>(std::lround(0.08 * length))); };
    const auto in_rim = [&](int at, int length) { return at < rim(length) || at >= length - rim(length); };
    CHECK(everywhere(image, [&](int column, int row) {
      return pixel(side, column, row) == (in_rim(column, width) ? kBlack : pixel(image, column, row)) &&
             pixel(upper, column, row) == (in_rim(row, height) ? kBlack : pixel(image, column, row));
    }));
  }
  const Image wide = disturb(bright_picture(600, 450), Disturbance::SideRims, 0);
  CHECK(pixel(wide, 47, 200) == kBlack);
  CHECK(pixel(wide, 48, 200) != kBlack);
}

TEST_CASE("hair darkens a small share of the pixels, the same ones for the same seed") {
  for (const auto [width, height] : kSides) {
    INFO(width << " x " << height);
    const Image image = bright_picture(width, height);
    std::set<std::vector<std::uint8_t>> pictures;
    double share = 0;
    constexpr int kSeeds = 8;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const Image hairy = disturb(image, Disturbance::Hair, seed);
      REQUIRE((hairy.width == width && hairy.height == height));
      CHECK(hairy.rgb == disturb(image, Disturbance::Hair, seed).rgb);
      share += static_cast<double>(darker_pixels(image, hairy)) / (width * height) / kSeeds;
      pictures.insert(hairy.rgb);
    }
    CHECK(pictures.size() == kSeeds);
    CHECK(share > 0.01);
    CHECK(share < (std::min(width, height) < 84 ? 0.6 : 0.2));  // a stroke is no thinner than a pixel
  }
  // As thick in a larger picture, measured by its side.
  const auto darkness = [](int side) {
    const Image image = bright_picture(side, side), hairy = disturb(image, Disturbance::Hair, 1);
    double sum = 0;
    for (std::size_t i = 0; i < image.rgb.size(); ++i) sum += image.rgb[i] - hairy.rgb[i];
    return sum / static_cast<double>(image.rgb.size());
  };
  CHECK(darkness(600) == Approx(darkness(300)).epsilon(0.25));
}

TEST_CASE("a ruler darkens ticks along one edge alone") {
  for (const auto [width, height] : kSides) {
    INFO(width << " x " << height);
    const Image image = bright_picture(width, height);
    const double depth = kRulerDepth * std::min(width, height) + 0.008 * 0.5 * std::max(width, height) + 1.5;
    std::set<int> edges;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
      const Image ruled = disturb(image, Disturbance::Ruler, seed);
      REQUIRE((ruled.width == width && ruled.height == height));
      CHECK(ruled.rgb == disturb(image, Disturbance::Ruler, seed).rgb);
      const int darker = darker_pixels(image, ruled);
      CHECK(darker > std::max(width, height) / 4);
      CHECK(darker < 0.15 * width * height + 2 * std::max(width, height));
      int edge = -1;
      const std::array<Place, 4> near{Place([&](int column, int) { return column < depth; }),
                                      Place([&](int column, int) { return width - column <= depth; }),
                                      Place([&](int, int row) { return row < depth; }),
                                      Place([&](int, int row) { return height - row <= depth; })};
      for (int k = 0; k < 4; ++k) {
        if (everywhere(image, [&](int column, int row) {
              return near[static_cast<std::size_t>(k)](column, row) ||
                     pixel(image, column, row) == pixel(ruled, column, row);
            }))
          edge = k;
      }
      CHECK(edge >= 0);
      edges.insert(edge);
    }
    CHECK(edges.size() == 4);
  }
}

TEST_CASE("other proportions are the middle of the width as a square") {
  for (const auto [width, height] : kSides) {
    INFO(width << " x " << height);
    const Image image = bright_picture(width, height), stretched = disturb(image, Disturbance::Proportions, 0);
    const int middle = static_cast<int>(std::lround(0.75 * width)), left = (width - middle) / 2;
    const int side = std::max(middle, height);
    REQUIRE((stretched.width == side && stretched.height == side));
    Image part{middle, height, {}};
    for (int row = 0; row < height; ++row) {
      for (int column = left; column < left + middle; ++column) {
        for (const int value : pixel(image, column, row)) part.rgb.push_back(static_cast<std::uint8_t>(value));
      }
    }
    CHECK(stretched.rgb == resize(part, side, side).rgb);
  }
  // 4 : 3, as ISIC's pictures were before they became square, is true to nature afterwards: nothing is resized.
  const Image wide = bright_picture(600, 450), square = disturb(wide, Disturbance::Proportions, 0);
  CHECK(square.width == 450);
  CHECK(pixel(square, 0, 7) == pixel(wide, 75, 7));
  CHECK(pixel(square, 449, 449) == pixel(wide, 524, 449));
}

TEST_CASE("disturbances have names and take no empty picture") {
  std::set<std::string> names;
  for (const Disturbance disturbance : kDisturbances) {
    names.insert(to_string(disturbance));
    CHECK_THAT(thrown_by([&] { disturb(Image{}, disturbance, 0); }), Contains("picture to be disturbed: is empty"));
  }
  CHECK(names.size() == kDisturbances.size());
  CHECK(names.count("hair") == 1);
}
