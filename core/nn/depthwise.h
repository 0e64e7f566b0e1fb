// Depthwise 3x3 convolution with padding 1 by the vector kernels, split among threads by image and row.
#pragma once

#include <memory>
#include <vector>

#include "core/nn/backend.h"
#include "core/nn/vector_kernels.h"

namespace dermdistill {

class DepthwiseConvolution final : public Convolution {
 public:
  /// @throws ShapeError unless the shape is depthwise, 3x3, padding 1, stride 1 or 2.
  explicit DepthwiseConvolution(const ConvShape& shape, const VectorKernels& kernels = vector_kernels());

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override;
  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override;
  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override;

 private:
  int batch_, parts_;
  DepthwiseShape shape_;
  const VectorKernels& kernels_;
  std::vector<Scalar> partial_;  // one dw a thread
};

}  // namespace dermdistill
