// Pooling over NHWC tensors.
#pragma once

#include <cstdint>
#include <span>

#include "core/nn/scalar.h"

namespace dermdistill {

/// y [batch, out, out, channels] = 3x3 maximum, stride 2, padding 1, of x [batch, height, width, channels].
/// `winner` holds, per output, which of the nine taps won (row-major), the first of equals as PyTorch has it.
void max_pool_forward(std::span<const Scalar> x, int batch, int height, int width, int channels, std::span<Scalar> y,
                      std::span<std::uint8_t> winner);
/// dx from dy; overwrites dx.
void max_pool_backward(std::span<const Scalar> dy, std::span<const std::uint8_t> winner, int batch, int height,
                       int width, int channels, std::span<Scalar> dx);

/// y [batch, channels] = mean over `pixels` of x [batch, pixels, channels].
void average_pool_forward(std::span<const Scalar> x, int batch, int pixels, int channels, std::span<Scalar> y);
/// dx [batch, pixels, channels] = dy / pixels (+ addend of dx's shape, where not empty); overwrites dx.
void average_pool_backward(std::span<const Scalar> dy, std::span<const Scalar> addend, int batch, int pixels,
                           int channels, std::span<Scalar> dx);

}  // namespace dermdistill
