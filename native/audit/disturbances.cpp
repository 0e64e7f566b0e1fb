#include "native/audit/disturbances.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/resize.h"
#include "native/data/overlays.h"

namespace dermdistill {
namespace {

constexpr std::uint64_t kDisturbanceSeed = 2019;

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
  switch (disturbance) {
    case Disturbance::RoundMask:
      mask_round(result, 1);
      break;
    case Disturbance::SideRims:
      blacken_sides(result, kRimShare);
      break;
    case Disturbance::UpperRims:
      blacken_top_and_bottom(result, kRimShare);
      break;
    case Disturbance::Hair:
      lay_hair(result, random, kHairs, 0.08, 0.3);
      break;
    case Disturbance::Ruler:
      lay_ruler(result, random, kRulerDepth);
      break;
    case Disturbance::Proportions:
      break;
  }
  return result;
}

}  // namespace dermdistill
