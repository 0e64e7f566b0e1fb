// Filters brought to the size that learning rates are chosen for, without changing what the network computes.
#pragma once

#include <span>

#include "core/base/named_tensor.h"
#include "core/nn/network.h"

namespace dermdistill {

/// sqrt(2): what Kaiming's normal initialisation (fan in) gives a filter on average, whatever its layer.
constexpr double kUsualFilterNorm = 1.4142135623730951;

/// Scales the filters of each convolution whose root-mean-square norm over filters exceeds `largest` down to it, and
/// the batch norm behind it so that evaluation mode computes the same. Weights that were published with batch norm
/// folded and unfolded again can be twenty times as large as trained ones; an optimiser like AdamW, whose steps have a
/// fixed size, hardly moves those. `state` holds torchvision's names for `units`.
/// @return how many convolutions changed. @throws ShapeError naming a tensor that is missing or mis-shaped.
int limit_filter_norms(StateDict& state, std::span<const Unit> units, double largest = kUsualFilterNorm);

}  // namespace dermdistill
