// Class activation maps (Zhou et al. 2016): which parts of a picture a class's logit comes from. With a linear
// classifier on average pooling they are exact and need no backward pass.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/head/linear_head.h"

namespace dermdistill {

enum class FeatureLayout {
  ChannelsFirst,  // [channels, pixels], as ONNX files give features
  ChannelsLast,   // [pixels, channels], as the engine gives them
};

/// maps [classes, pixels], map[k, p] = w_k . f_p / pixels, so that map k sums to logit k less its bias.
/// @throws ShapeError when `features` has not pixels * channels values.
std::vector<float> activation_maps(const LinearHead& head, std::span<const float> features, std::int64_t pixels,
                                   FeatureLayout layout, const Backend& backend);

}  // namespace dermdistill
