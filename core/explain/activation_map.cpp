#include "core/explain/activation_map.h"

#include <string>

#include "core/base/error.h"

namespace dermdistill {

std::vector<float> activation_maps(const LinearHead& head, std::span<const float> features, std::int64_t pixels,
                                   FeatureLayout layout, const Backend& backend) {
  const std::size_t expected =
      static_cast<std::size_t>(pixels < 0 ? 0 : pixels) * static_cast<std::size_t>(head.channels);
  if (pixels < 1 || features.size() != expected)
    throw ShapeError("features", std::to_string(features.size()) + " values",
                     std::to_string(pixels) + " pixels of " + std::to_string(head.channels) + " channels");
  std::vector<float> maps(static_cast<std::size_t>(head.classes) * static_cast<std::size_t>(pixels));
  backend.gemm(false, layout == FeatureLayout::ChannelsLast, head.classes, pixels, head.channels, head.weight, features,
               0.0F, maps);
  const float share = 1.0F / static_cast<float>(pixels);
  for (float& value : maps) value *= share;
  return maps;
}

}  // namespace dermdistill
