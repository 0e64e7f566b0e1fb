// Memory-bound loops over NHWC tensors, vectorised over channels, one table of functions an instruction set.
// All of them work on a contiguous range of rows and keep no state, so that callers split the work among threads.
#pragma once

#include <cstdint>

#include "core/nn/backend.h"

namespace dermdistill {

/// Geometry of a 3x3 depthwise convolution with padding 1: planes [height, width, channels].
struct DepthwiseShape {
  int in_height, in_width, out_height, out_width, channels, stride;
};

struct VectorKernels {
  const char* name;

  /// sum[c] += x[r][c] - shift[c], squares[c] += (x[r][c] - shift[c])^2 over rows; shift keeps the squares small.
  void (*column_moments)(const Scalar* x, std::int64_t rows, int channels, const Scalar* shift, double* sum,
                         double* squares);

  /// y = act(x * scale + offset + residual); residual may be null; y may be x.
  void (*scale_activate)(const Scalar* x, std::int64_t rows, int channels, const Scalar* scale, const Scalar* offset,
                         const Scalar* residual, Activation activation, Scalar* y);

  /// First pass of batch norm's backward. dz = (dy + dy2) * act'(z), with z = x * scale + offset, or act' from y where
  /// the activation came after a residual (y not null). Adds to sum[c] the sum of dz and to sum_x[c] that of dz * (x -
  /// mean[c]). Writes dz into dy when `store` is set. dy2 may be null.
  void (*norm_backward_sums)(Scalar* dy, const Scalar* dy2, const Scalar* x, const Scalar* y, std::int64_t rows,
                             int channels, const Scalar* scale, const Scalar* offset, const Scalar* mean,
                             Activation activation, bool store, double* sum, double* sum_x);

  /// Second pass: dx = a[c] * dz + b[c] * x + k[c]; dz = dy * act'(z) unless `stored` says dy already holds dz. dx may
  /// be dy.
  void (*norm_backward_apply)(const Scalar* dy, const Scalar* x, std::int64_t rows, int channels, const Scalar* scale,
                              const Scalar* offset, Activation activation, bool stored, const Scalar* a,
                              const Scalar* b, const Scalar* k, Scalar* dx);

  /// Rows [first, last) of one plane of y = depthwise(x, w); w [3, 3, channels].
  void (*depthwise_forward)(const DepthwiseShape& shape, const Scalar* x, const Scalar* w, int first, int last,
                            Scalar* y);
  /// Rows [first, last) of one plane of dx.
  void (*depthwise_backward_data)(const DepthwiseShape& shape, const Scalar* dy, const Scalar* w, int first, int last,
                                  Scalar* dx);
  /// Adds to dw [3, 3, channels] the part of output rows [first, last) of one plane.
  void (*depthwise_backward_weights)(const DepthwiseShape& shape, const Scalar* x, const Scalar* dy, int first,
                                     int last, Scalar* dw);

  /// One output pixel of a 3x3 max pool: the largest of the inputs [channels], null where outside the map, and which of
  /// them, the first where equal, unless winner is null.
  void (*max_pool)(const Scalar* const* taps, int channels, Scalar* y, std::uint8_t* winner);

  /// y += x.
  void (*add)(const Scalar* x, std::int64_t count, Scalar* y);
};

/// The table for this processor, chosen once.
const VectorKernels& vector_kernels();

}  // namespace dermdistill
