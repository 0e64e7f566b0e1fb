// The tensors of a folded network under the names they have in an ONNX file, in the order of the graph.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/nn/network.h"

namespace dermdistill {

template <typename Float>
struct NamedWeight {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<Float> values;  // row-major, product of shape, unless the network was put together wrongly
};

/// Weight and bias of the classifier, the last of the named weights.
inline constexpr std::size_t kClassifierTensors = 2;

/// "classifier.1" or "fc", torchvision's name for the last linear layer.
std::string classifier_prefix(Architecture architecture);

/// Every unit's "<conv_name>.weight" [out, in, k, k] (depthwise [channels, 1, k, k]) and ".bias" [out], then the
/// classifier's.
std::vector<NamedWeight<const float>> named_weights(const FoldedNetwork& network);
std::vector<NamedWeight<float>> named_weights(FoldedNetwork& network);

/// Floats that the shape holds.
std::size_t element_count(std::span<const std::int64_t> shape);

/// "[64, 3, 7, 7]", for messages.
std::string describe_shape(std::span<const std::int64_t> shape);

/// @throws NumericError naming the tensor when a value is not finite.
void require_finite(const std::string& name, std::span<const float> values);

}  // namespace dermdistill
