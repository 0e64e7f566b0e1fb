#include "core/nn/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "core/base/index.h"
#include "core/base/parallel.h"
#include "core/nn/vector_kernels.h"

namespace dermdistill {
namespace {}  // namespace

BatchNorm::BatchNorm(int channels)
    : channels_(channels),
      parts_(thread_count()),
      mean_(at(channels)),
      inverse_std_(at(channels)),
      scale_(at(channels)),
      offset_(at(channels)),
      a_(at(channels)),
      b_(at(channels)),
      k_(at(channels)),
      shift_(at(channels)),
      first_(at(channels) * at(parts_)),
      second_(at(channels) * at(parts_)) {}

/// Adds the threads' rows up into the first one, in order, so that the result depends only on the thread count.
void BatchNorm::sum_parts(std::vector<double>& first, std::vector<double>& second) const {
  for (std::size_t i = at(channels_); i < first.size(); ++i) {
    first[i % at(channels_)] += first[i];
    second[i % at(channels_)] += second[i];
  }
}

void BatchNorm::measure(std::span<const Scalar> x, std::span<const Scalar> weight, std::span<const Scalar> bias,
                        std::span<Scalar> running_mean, std::span<Scalar> running_variance) {
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / channels_;
  std::copy_n(x.begin(), channels_, shift_.begin());
  std::fill(first_.begin(), first_.end(), 0.0);
  std::fill(second_.begin(), second_.end(), 0.0);
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [begin, end] = slice_of(rows, part, parts);
    vector_kernels().column_moments(x.data() + begin * channels_, end - begin, channels_, shift_.data(),
                                    first_.data() + part * channels_, second_.data() + part * channels_);
  });
  sum_parts(first_, second_);
  set_moments(shift_, first_, second_, rows, weight, bias, running_mean, running_variance);
}

void BatchNorm::measure(Convolution& convolution, std::span<const Scalar> in, std::span<const Scalar> filters,
                        std::span<Scalar> x, std::span<const Scalar> weight, std::span<const Scalar> bias,
                        std::span<Scalar> running_mean, std::span<Scalar> running_variance) {
  std::fill(first_.begin(), first_.end(), 0.0);
  std::fill(second_.begin(), second_.end(), 0.0);
  if (parts_ != thread_count() || !convolution.forward_measured(in, filters, x, {shift_, first_, second_})) {
    convolution.forward(in, filters, x);
    return measure(x, weight, bias, running_mean, running_variance);
  }
  sum_parts(first_, second_);
  set_moments(shift_, first_, second_, static_cast<std::int64_t>(x.size()) / channels_, weight, bias, running_mean,
              running_variance);
}

void BatchNorm::set_moments(std::span<const Scalar> shift, std::span<const double> sum, std::span<const double> squares,
                            std::int64_t rows, std::span<const Scalar> weight, std::span<const Scalar> bias,
                            std::span<Scalar> running_mean, std::span<Scalar> running_variance) {
  const double n = static_cast<double>(rows);
  for (std::size_t c = 0; c < at(channels_); ++c) {
    const double shifted = sum[c] / n;
    const double mean = shifted + static_cast<double>(shift[c]);
    const double variance = std::max(0.0, squares[c] / n - shifted * shifted);
    const double inverse = 1.0 / std::sqrt(variance + kNormEpsilon);
    mean_[c] = static_cast<Scalar>(mean);
    inverse_std_[c] = static_cast<Scalar>(inverse);
    scale_[c] = static_cast<Scalar>(inverse * static_cast<double>(weight[c]));
    offset_[c] = static_cast<Scalar>(static_cast<double>(bias[c]) - mean * inverse * static_cast<double>(weight[c]));
    const double unbiased = rows > 1 ? variance * n / (n - 1.0) : variance;
    running_mean[c] =
        static_cast<Scalar>((1.0 - kNormMomentum) * static_cast<double>(running_mean[c]) + kNormMomentum * mean);
    running_variance[c] = static_cast<Scalar>((1.0 - kNormMomentum) * static_cast<double>(running_variance[c]) +
                                              kNormMomentum * unbiased);
  }
}

void BatchNorm::apply(std::span<const Scalar> x, std::span<const Scalar> residual, Activation activation,
                      std::span<Scalar> y) const {
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [begin, end] = slice_of(static_cast<std::int64_t>(x.size()) / channels_, part, parts);
    const std::int64_t from = begin * channels_;
    vector_kernels().scale_activate(x.data() + from, end - begin, channels_, scale_.data(), offset_.data(),
                                    residual.empty() ? nullptr : residual.data() + from, activation, y.data() + from);
  });
}

void BatchNorm::backward(std::span<Scalar> dy, std::span<const Scalar> dy2, std::span<const Scalar> x,
                         std::span<const Scalar> y, std::span<const Scalar> weight, Activation activation, bool keep_dz,
                         std::span<Scalar> dx, std::span<Scalar> d_weight, std::span<Scalar> d_bias) {
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / channels_;
  // dz is stored where someone reads it later or where recomputing it would need a second tensor.
  const bool store = !dy2.empty() || !y.empty() || (keep_dz && activation != Activation::None);
  std::fill(first_.begin(), first_.end(), 0.0);
  std::fill(second_.begin(), second_.end(), 0.0);
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [begin, end] = slice_of(rows, part, parts);
    const std::int64_t from = begin * channels_;
    vector_kernels().norm_backward_sums(dy.data() + from, dy2.empty() ? nullptr : dy2.data() + from, x.data() + from,
                                        y.empty() ? nullptr : y.data() + from, end - begin, channels_, scale_.data(),
                                        offset_.data(), mean_.data(), activation, store,
                                        first_.data() + part * channels_, second_.data() + part * channels_);
  });
  sum_parts(first_, second_);
  set_gradient_sums(first_, second_, rows, weight, d_weight, d_bias);
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [begin, end] = slice_of(rows, part, parts);
    const std::int64_t from = begin * channels_;
    vector_kernels().norm_backward_apply(dy.data() + from, x.data() + from, end - begin, channels_, scale_.data(),
                                         offset_.data(), activation, store, a_.data(), b_.data(), k_.data(),
                                         dx.data() + from);
  });
}

void BatchNorm::set_gradient_sums(std::span<const double> sum, std::span<const double> sum_x, std::int64_t rows,
                                  std::span<const Scalar> weight, std::span<Scalar> d_weight,
                                  std::span<Scalar> d_bias) {
  // dx = weight/std * (dz - mean(dz) - xhat * mean(dz * xhat)), Ioffe and Szegedy 2015, written as a * dz + b * x + k.
  const double n = static_cast<double>(rows);
  for (std::size_t c = 0; c < at(channels_); ++c) {
    const double inverse = static_cast<double>(inverse_std_[c]);
    const double a = static_cast<double>(weight[c]) * inverse;
    const double dot = sum_x[c] * inverse;  // sum of dz * xhat
    d_bias[c] = static_cast<Scalar>(sum[c]);
    d_weight[c] = static_cast<Scalar>(dot);
    const double b = -a * inverse * dot / n;
    a_[c] = static_cast<Scalar>(a);
    b_[c] = static_cast<Scalar>(b);
    k_[c] = static_cast<Scalar>(-a * sum[c] / n - b * static_cast<double>(mean_[c]));
  }
}

}  // namespace dermdistill
