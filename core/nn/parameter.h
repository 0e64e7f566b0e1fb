// A trainable tensor as optimisers see it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/nn/scalar.h"

namespace dermdistill {

enum class ParameterKind { ConvWeight, NormWeight, NormBias, LinearWeight, LinearBias };

/// Values and gradient share one layout, which is the engine's own ([out, k, k, in] for convolutions).
struct Parameter {
  std::string name;  // torchvision's
  ParameterKind kind;
  std::vector<std::int64_t> shape;  // torchvision's: OIHW for convolutions
  std::span<Scalar> value;
  std::span<Scalar> gradient;
};

}  // namespace dermdistill
