// 3x3 convolutions by Winograd's F(4x4, 3x3): a quarter of the products, whose factors are transformed first. Their
// rounding errors are a few times those of plain sums. Backward too: the gradient of the input is such a convolution
// again, that of the filters is taken in the transformed domain and transformed back.
#pragma once

#include <memory>

#include "core/nn/backend.h"

namespace dermdistill {

/// Whether shape is a 3x3 convolution of stride 1 over whole panels of channels, on a map that tiles of 4 x 4 cover
/// without wasting what they save.
bool winograd_pays(const ConvShape& shape);

/// @throws ShapeError for a shape that winograd_pays() says no to.
std::unique_ptr<Convolution> winograd_convolution(const ConvShape& shape);

/// Weights [out, 3, 3, in], transformed once.
std::unique_ptr<FusedConvolution> fused_winograd_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                             std::span<const Scalar> bias, Activation activation,
                                                             bool with_residual);

}  // namespace dermdistill
