// The inverse of FoldedNetwork::from: a network that can be trained on, from one whose batch norm was folded away.
#pragma once

#include <span>

#include "core/nn/network.h"

namespace dermdistill {

/// A network that computes in evaluation mode what `folded` does. The folded convolutions no longer say what statistics
/// their batch norms had; these are measured on `images` [batch, height, width, 3], normalised, of the kind that it
/// will be trained on, so that training mode computes nearly the same too.
/// @throws ShapeError for images that do not fit, or fewer than two.
Network unfold_batch_norm(const FoldedNetwork& folded, const Backend& backend, std::span<const Scalar> images,
                          int batch, int height, int width);

}  // namespace dermdistill
