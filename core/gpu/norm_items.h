// Batch norm with residual and activation, item by item. Rows are pixels; tensors are [rows, channels].
#pragma once

#include <cmath>

#include "core/gpu/items.h"

namespace dermdistill::gpu {

/// One layer's terms, [channels] each: y = scale * (x - mean) + bias; dx = a * dz + b * (x - mean) + k. The mean is
/// taken off first, as it can be far larger than the spread.
struct NormTerms {
  Scalar *mean, *inverse_std, *scale, *a, *b, *k;
};

/// sums[part] = {sum of x, sum of x^2}, [2, channels]; an item is a part and a channel.
struct NormSums {
  const Scalar* x;
  double* sums;
  int rows, channels, chunk;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int part = item / channels, c = item % channels;
    double sum = 0, squares = 0;
    const int last = smaller(rows, (part + 1) * chunk);
    for (int row = part * chunk; row < last; ++row) {
      const double value = static_cast<double>(x[row * channels + c]);
      sum += value;
      squares += value * value;
    }
    sums[part * 2 * channels + c] = sum;
    sums[part * 2 * channels + channels + c] = squares;
  }
};

/// The terms of forward from the sums, and the running statistics moved by the momentum; an item is a channel.
struct NormMeasure {
  const double* sums;
  const Scalar* weight;
  Scalar *running_mean, *running_variance;
  NormTerms terms;
  int rows, channels;
  double epsilon, momentum;
  DERMDISTILL_DEVICE void operator()(int c) const {
    const double n = rows;
    const double mean = sums[c] / n;
    const double spread = sums[channels + c] / n - mean * mean;
    const double variance = spread > 0 ? spread : 0;
    const double inverse = 1.0 / sqrt(variance + epsilon);
    const double unbiased = rows > 1 ? variance * n / (n - 1.0) : variance;
    const double scale = static_cast<double>(weight[c]) * inverse;
    terms.mean[c] = static_cast<Scalar>(mean);
    terms.inverse_std[c] = static_cast<Scalar>(inverse);
    terms.scale[c] = static_cast<Scalar>(scale);
    running_mean[c] = static_cast<Scalar>((1.0 - momentum) * static_cast<double>(running_mean[c]) + momentum * mean);
    running_variance[c] =
        static_cast<Scalar>((1.0 - momentum) * static_cast<double>(running_variance[c]) + momentum * unbiased);
  }
};

/// y = act(scale * (x - mean) + bias + residual); residual may be null. An item is a value.
struct NormApply {
  const Scalar *x, *residual;
  Scalar* y;
  NormTerms terms;
  const Scalar* bias;
  int channels;
  Activation activation;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % channels;
    const Scalar value = (x[item] - terms.mean[c]) * terms.scale[c] + bias[c];
    y[item] = activate(activation, residual != nullptr ? value + residual[item] : value);
  }
};

/// x = act(x + bias + residual) in place; residual may be null. An item is a value.
struct BiasActivate {
  Scalar* x;
  const Scalar *bias, *residual;
  int channels;
  Activation activation;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const Scalar value = x[item] + bias[item % channels];
    x[item] = activate(activation, residual != nullptr ? value + residual[item] : value);
  }
};

/// dz = dy behind the activation, written over dy; sums[part] = {sum of dz, sum of dz * (x - mean)}, [2, channels].
struct NormGradientSums {
  Scalar* dy;
  const Scalar *x, *y, *mean;
  double* sums;
  int rows, channels, chunk;
  Activation activation;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int part = item / channels, c = item % channels;
    const double centre = static_cast<double>(mean[c]);
    double sum = 0, sum_x = 0;
    const int last = smaller(rows, (part + 1) * chunk);
    for (int row = part * chunk; row < last; ++row) {
      const int i = row * channels + c;
      const Scalar dz = passes(activation, y[i]) ? dy[i] : 0;
      dy[i] = dz;
      sum += static_cast<double>(dz);
      sum_x += static_cast<double>(dz) * (static_cast<double>(x[i]) - centre);
    }
    sums[part * 2 * channels + c] = sum;
    sums[part * 2 * channels + channels + c] = sum_x;
  }
};

/// The gradients of weight and bias and the terms of backward, from the sums; an item is a channel.
struct NormGradientTerms {
  const double* sums;
  const Scalar* weight;
  Scalar *d_weight, *d_bias;
  NormTerms terms;
  int rows, channels;
  DERMDISTILL_DEVICE void operator()(int c) const {
    const double n = rows;
    const double inverse = static_cast<double>(terms.inverse_std[c]);
    const double sum = sums[c], sum_x = sums[channels + c];
    const double a = static_cast<double>(weight[c]) * inverse;
    const double b = -a * inverse * inverse * sum_x / n;
    d_weight[c] = static_cast<Scalar>(sum_x * inverse);
    d_bias[c] = static_cast<Scalar>(sum);
    terms.a[c] = static_cast<Scalar>(a);
    terms.b[c] = static_cast<Scalar>(b);
    terms.k[c] = static_cast<Scalar>(-a * sum / n);
  }
};

/// dx = a * dz + b * (x - mean) + k; an item is a value.
struct NormGradient {
  const Scalar *dz, *x;
  Scalar* dx;
  NormTerms terms;
  int channels;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % channels;
    dx[item] = terms.a[c] * dz[item] + terms.b[c] * (x[item] - terms.mean[c]) + terms.k[c];
  }
};

/// to = from, or to += from where asked; an item is a value.
struct AddTo {
  const Scalar* from;
  Scalar* to;
  bool accumulate;
  DERMDISTILL_DEVICE void operator()(int item) const { to[item] = accumulate ? to[item] + from[item] : from[item]; }
};

}  // namespace dermdistill::gpu
