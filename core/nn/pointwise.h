// 1x1 convolutions of stride 1 as matrix products of our own: rows of pixels that stay in a core's cache, times panels
// of 32 filters.
#pragma once

#include <memory>

#include "core/nn/backend.h"

namespace dermdistill {

/// Whether shape is a 1x1 convolution of stride 1 over whole panels of channels.
bool is_panelled_pointwise(const ConvShape& shape);

/// @throws ShapeError for a shape that is_panelled_pointwise() says no to.
std::unique_ptr<Convolution> pointwise_convolution(const ConvShape& shape);

/// Weights [out, in], packed once.
std::unique_ptr<FusedConvolution> fused_pointwise_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                              std::span<const Scalar> bias, Activation activation,
                                                              bool with_residual);

}  // namespace dermdistill
