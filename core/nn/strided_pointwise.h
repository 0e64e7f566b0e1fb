// 1x1 convolutions that skip pixels, as ResNet's shortcuts are: the pixels they use are gathered first, and a dense
// convolution runs over those. oneDNN alone takes half as long again for one.
#pragma once

#include <memory>

#include "core/nn/backend.h"

namespace dermdistill {

/// Whether the convolution reads single pixels, and not all of them.
bool is_strided_pointwise(const ConvShape& shape);

/// The same convolution over the gathered pixels, with a stride of 1.
ConvShape dense_shape(const ConvShape& shape);

class StridedPointwise final : public Convolution {
 public:
  /// `dense` is a convolution of dense_shape(shape).
  StridedPointwise(const ConvShape& shape, std::unique_ptr<Convolution> dense);

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override;
  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override;
  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override;

 private:
  ConvShape shape_;
  std::unique_ptr<Convolution> dense_;
};

class FusedStridedPointwise final : public FusedConvolution {
 public:
  FusedStridedPointwise(const ConvShape& shape, std::unique_ptr<FusedConvolution> dense);
  void run(std::span<const Scalar> x, std::span<const Scalar> residual, std::span<Scalar> y) override;

 private:
  ConvShape shape_;
  std::unique_ptr<FusedConvolution> dense_;
};

}  // namespace dermdistill
