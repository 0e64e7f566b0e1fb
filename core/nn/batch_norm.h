// Batch norm with its activation and residual, in as few passes over memory as it takes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/nn/backend.h"
#include "core/nn/block_kernels.h"
#include "core/nn/norm_constants.h"

namespace dermdistill {

/// One layer's statistics and work space. Rows are pixels: batch * height * width; x is the convolution's output.
class BatchNorm {
 public:
  explicit BatchNorm(int channels);

  /// Batch statistics of x [rows, channels]; moves the running ones by the momentum, with the unbiased variance.
  void measure(std::span<const Scalar> x, std::span<const Scalar> weight, std::span<const Scalar> bias,
               std::span<Scalar> running_mean, std::span<Scalar> running_variance);
  /// x = convolution(in, filters), measured as above.
  void measure(Convolution& convolution, std::span<const Scalar> in, std::span<const Scalar> filters,
               std::span<Scalar> x, std::span<const Scalar> weight, std::span<const Scalar> bias,
               std::span<Scalar> running_mean, std::span<Scalar> running_variance);
  /// y = act(norm(x) + residual), with the statistics of the last measure. y may be x; residual may be empty.
  void apply(std::span<const Scalar> x, std::span<const Scalar> residual, Activation activation,
             std::span<Scalar> y) const;

  /// What measure() does, from sums of x - shift and of its square over all rows that someone else took.
  void set_moments(std::span<const Scalar> shift, std::span<const double> sum, std::span<const double> squares,
                   std::int64_t rows, std::span<const Scalar> weight, std::span<const Scalar> bias,
                   std::span<Scalar> running_mean, std::span<Scalar> running_variance);

  /// Backward through activation and norm. dy [rows, channels] and dy2 (or empty) sum up to the gradient of y.
  /// `y` must be given where a residual was added before an activation, else it may be empty.
  /// Writes dx, which may be dy. With `keep_dz`, dx must differ from dy and dy then holds the gradient of norm(x) +
  /// residual.
  void backward(std::span<Scalar> dy, std::span<const Scalar> dy2, std::span<const Scalar> x, std::span<const Scalar> y,
                std::span<const Scalar> weight, Activation activation, bool keep_dz, std::span<Scalar> dx,
                std::span<Scalar> d_weight, std::span<Scalar> d_bias);

  /// The gradients of weight and bias, and the terms of dx = a * dz + b * x + k, from sums over all rows of dz, the
  /// gradient of norm(x), and of dz * (x - mean).
  void set_gradient_sums(std::span<const double> sum, std::span<const double> sum_x, std::int64_t rows,
                         std::span<const Scalar> weight, std::span<Scalar> d_weight, std::span<Scalar> d_bias);

  NormTerms terms() const { return {scale_.data(), offset_.data(), mean_.data()}; }
  NormGradientTerms gradient_terms() const { return {a_.data(), b_.data(), k_.data()}; }

 private:
  void sum_parts(std::vector<double>& first, std::vector<double>& second) const;

  int channels_, parts_;
  std::vector<Scalar> mean_, inverse_std_, scale_, offset_, a_, b_, k_, shift_;
  std::vector<double> first_, second_;  // per-thread sums, one row a thread, added up in order
};

}  // namespace dermdistill
