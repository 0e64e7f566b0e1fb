// Where a network's numbers live: one flat vector each for values, gradients and running statistics.
#pragma once

#include <vector>

#include "core/base/large_vector.h"
#include "core/nn/network.h"

namespace dermdistill {

/// Spans of one convolution unit; empty for a pool.
struct UnitTensors {
  std::span<Scalar> weight, d_weight, norm_weight, d_norm_weight, norm_bias, d_norm_bias, running_mean,
      running_variance;
};

struct Network::Storage {
  explicit Storage(const NetworkConfig& configuration);

  NetworkConfig config;
  std::vector<Unit> units;
  int embedding = 0;
  LargeVector<Scalar> values, gradients;
  std::vector<Scalar> statistics;
  std::vector<Parameter> parameters;
  std::vector<UnitTensors> tensors;
  std::span<Scalar> classifier_weight, d_classifier_weight, classifier_bias, d_classifier_bias;
};

/// [out, k, k, in] (depthwise [k, k, channels]) to torchvision's [out, in, k, k] (depthwise [channels, 1, k, k]) and
/// back.
std::vector<Scalar> to_torch_layout(const Unit& unit, std::span<const Scalar> weight);
void from_torch_layout(const Unit& unit, std::span<const Scalar> torch, std::span<Scalar> weight);

}  // namespace dermdistill
