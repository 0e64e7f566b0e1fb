// Kernels of the fused inverted residual block: small matrix products that normalise, mask or sum their result while it
// is still in registers, and rows of a depthwise convolution that do the same. One table of functions an instruction
// set. Channel counts are multiples of 8.
#pragma once

#include <cstdint>

#include "core/nn/backend.h"
#include "core/nn/scalar.h"

namespace dermdistill {

constexpr int kChannelMultiple = 8;

/// Rows of numbers, `stride` apart. Where they begin on cache lines they may be streamed: written past the cache.
struct Rows {
  Scalar* data;
  std::int64_t stride;
  bool streamed = false;
};
struct ConstRows {
  const Scalar* data;
  std::int64_t stride;
};

/// Memory that is read soon after a product and may not be in the cache yet: it is fetched while the product runs.
struct Ahead {
  ConstRows x{};
  std::int64_t rows = 0;
  int columns = 0;
};

/// a b with a [rows, depth] and b [depth, columns], or, in the functions named _transposed, a^T b with a [depth, rows].
struct Product {
  std::int64_t rows;
  int columns;
  std::int64_t depth;
  ConstRows a, b;
  Ahead ahead{}, ahead_too{};
};

/// norm(x) = x * scale + offset, a channel each; mean is the batch's mean of x.
struct NormTerms {
  const Scalar *scale, *offset, *mean;
};
/// The gradient of a norm's input is a * dz + b * x + k.
struct NormGradientTerms {
  const Scalar *a, *b, *k;
};
/// Two sums a channel that a kernel adds to.
struct Sums {
  Scalar *first, *second;
};

/// Part of one output row of a 3x3 depthwise convolution with padding 1, over `channels` of them.
struct DepthwiseRow {
  const Scalar* input[3];     // the input rows above, at and below
  std::int64_t input_stride;  // from pixel to pixel
  const Scalar* weight;       // [3, 3, ...], taps weight_stride apart
  std::int64_t weight_stride;
  int channels, input_width, stride;
  int first, last;  // output pixels [first, last)
};

/// One input row of its backward: the output rows whose gradients reach it.
struct DepthwiseBackwardRow {
  int count;  // output rows, at most 3 for stride 1 and 2 for stride 2
  const Scalar* gradient[3];
  int tap_row[3];  // the filter row that links that output row with this input row
  std::int64_t gradient_stride;
  const Scalar* weight;
  std::int64_t weight_stride;
  int channels, width, stride;  // width of the input
};

struct BlockKernels {
  const char* name;

  /// to = a b; may be streamed.
  void (*multiply)(const Product& product, Rows to);
  /// to += a b.
  void (*multiply_accumulate)(const Product& product, Rows to);
  /// to += a^T b.
  void (*multiply_accumulate_transposed)(const Product& product, Rows to);
  /// to += a b + constant + addend; addend.data may be null.
  void (*multiply_add)(const Product& product, const Scalar* constant, ConstRows addend, Rows to);
  /// to = act(a b + bias + residual); residual.data may be null and may be to.data.
  void (*multiply_activate)(const Product& product, const Scalar* bias, ConstRows residual, Activation activation,
                            Rows to);
  /// to = relu6(norm(a b)).
  void (*multiply_normalise)(const Product& product, NormTerms norm, Rows to);
  /// to = a b, or nothing stored where to.data is null; may be streamed; sums get y - shift and its square.
  void (*multiply_measure)(const Product& product, const Scalar* shift, Sums sums, Rows to);
  /// With z = norm(x) and dz = a b where 0 < z < 6, else 0: activated = relu6(z); sums get dz and dz * (x - mean); dz
  /// is stored, may be streamed, unless dz.data is null.
  void (*multiply_mask_sum)(const Product& product, ConstRows x, NormTerms norm, Sums sums, Rows activated, Rows dz);
  /// The same dz, taken on through the norm: to = a * dz + b * x + k.
  void (*multiply_norm_backward)(const Product& product, ConstRows x, NormTerms norm, NormGradientTerms terms, Rows to);
  /// to = relu6(norm(x)), for rows of `columns`.
  void (*normalise)(std::int64_t rows, int columns, ConstRows x, NormTerms norm, Rows to);
  /// to = a * dz + b * x + k, for rows of `columns`.
  void (*norm_backward)(std::int64_t rows, int columns, ConstRows dz, ConstRows x, NormGradientTerms terms, Rows to);
  /// sums += the columns' sums.
  void (*sum_columns)(std::int64_t rows, int columns, ConstRows x, Scalar* sums);

  /// to = depthwise(input), beginning with pixel `first`; may be streamed; sums get y - shift and its square.
  void (*depthwise_row)(const DepthwiseRow& row, const Scalar* shift, Sums sums, Rows to);
  /// With z the row's activated input: dz = gradient of it where 0 < z < 6, else 0; sum += dz; d_weight [3, 3, ...]
  /// (taps weight_stride apart) += z * gradient.
  void (*depthwise_backward_row)(const DepthwiseBackwardRow& row, ConstRows z, Rows dz, Scalar* sum, Scalar* d_weight);
};

/// The table for this processor, chosen once.
const BlockKernels& block_kernels();

}  // namespace dermdistill
