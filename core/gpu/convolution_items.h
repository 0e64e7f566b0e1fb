// Convolutions, item by item: patches laid out for a matrix product, and depthwise ones directly. NHWC.
#pragma once

#include "core/gpu/items.h"

namespace dermdistill::gpu {

/// A convolution's geometry for a batch.
struct Geometry {
  int batch, height, width, channels, out_height, out_width, kernel, stride, padding;
};

/// columns [output pixels, k, k, channels] of the input's patches, zero outside; an item is a value of them.
struct Patches {
  const Scalar* x;
  Scalar* columns;
  Geometry g;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % g.channels, place = item / g.channels;
    const int taps = g.kernel * g.kernel, tap = place % taps, pixel = place / taps;
    const int ox = pixel % g.out_width, oy = pixel / g.out_width % g.out_height, n = pixel / g.out_width / g.out_height;
    const int iy = oy * g.stride - g.padding + tap / g.kernel, ix = ox * g.stride - g.padding + tap % g.kernel;
    const bool inside = iy >= 0 && iy < g.height && ix >= 0 && ix < g.width;
    columns[item] = inside ? x[((n * g.height + iy) * g.width + ix) * g.channels + c] : 0;
  }
};

/// The reverse: an item is a value of dx, which gathers from the patches that it is part of.
struct PatchGradient {
  const Scalar* columns;
  Scalar* dx;
  Geometry g;
  bool accumulate;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % g.channels, pixel = item / g.channels;
    const int ix = pixel % g.width, iy = pixel / g.width % g.height, n = pixel / g.width / g.height;
    Scalar sum = accumulate ? dx[item] : 0;
    for (int ky = 0; ky < g.kernel; ++ky) {
      const int y = iy + g.padding - ky;
      if (y < 0 || y % g.stride != 0 || y / g.stride >= g.out_height) continue;
      for (int kx = 0; kx < g.kernel; ++kx) {
        const int x = ix + g.padding - kx;
        if (x < 0 || x % g.stride != 0 || x / g.stride >= g.out_width) continue;
        const int row = (n * g.out_height + y / g.stride) * g.out_width + x / g.stride;
        sum += columns[((row * g.kernel + ky) * g.kernel + kx) * g.channels + c];
      }
    }
    dx[item] = sum;
  }
};

/// y = depthwise convolution of x with w [k, k, channels]; an item is a value of y.
struct Depthwise {
  const Scalar *x, *w;
  Scalar* y;
  Geometry g;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % g.channels, pixel = item / g.channels;
    const int ox = pixel % g.out_width, oy = pixel / g.out_width % g.out_height, n = pixel / g.out_width / g.out_height;
    Scalar sum = 0;
    for (int ky = 0; ky < g.kernel; ++ky) {
      const int iy = oy * g.stride - g.padding + ky;
      if (iy < 0 || iy >= g.height) continue;
      for (int kx = 0; kx < g.kernel; ++kx) {
        const int ix = ox * g.stride - g.padding + kx;
        if (ix < 0 || ix >= g.width) continue;
        sum += x[((n * g.height + iy) * g.width + ix) * g.channels + c] * w[(ky * g.kernel + kx) * g.channels + c];
      }
    }
    y[item] = sum;
  }
};

/// dx from dy; an item is a value of dx.
struct DepthwiseInputGradient {
  const Scalar *dy, *w;
  Scalar* dx;
  Geometry g;
  bool accumulate;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % g.channels, pixel = item / g.channels;
    const int ix = pixel % g.width, iy = pixel / g.width % g.height, n = pixel / g.width / g.height;
    Scalar sum = accumulate ? dx[item] : 0;
    for (int ky = 0; ky < g.kernel; ++ky) {
      const int y = iy + g.padding - ky;
      if (y < 0 || y % g.stride != 0 || y / g.stride >= g.out_height) continue;
      for (int kx = 0; kx < g.kernel; ++kx) {
        const int x = ix + g.padding - kx;
        if (x < 0 || x % g.stride != 0 || x / g.stride >= g.out_width) continue;
        sum += dy[((n * g.out_height + y / g.stride) * g.out_width + x / g.stride) * g.channels + c] *
               w[(ky * g.kernel + kx) * g.channels + c];
      }
    }
    dx[item] = sum;
  }
};

/// The gradient of w over a part of the output pixels, [parts, 3, 3, channels]; an item is a part and a channel.
struct DepthwiseFilterGradient {
  static constexpr int kKernel = 3, kTaps = kKernel * kKernel;
  const Scalar *x, *dy;
  Scalar* sums;
  Geometry g;
  int pixels, chunk;  // of output, in all and of a part
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % g.channels, part = item / g.channels;
    Scalar sum[kTaps] = {};
    const int last = smaller(pixels, (part + 1) * chunk);
    for (int pixel = part * chunk; pixel < last; ++pixel) {
      const int ox = pixel % g.out_width, oy = pixel / g.out_width % g.out_height;
      const int n = pixel / g.out_width / g.out_height;
      const Scalar gradient = dy[pixel * g.channels + c];
#if defined(__CUDACC__)
#pragma unroll
#endif
      for (int tap = 0; tap < kTaps; ++tap) {
        const int iy = oy * g.stride - g.padding + tap / kKernel, ix = ox * g.stride - g.padding + tap % kKernel;
        if (iy < 0 || iy >= g.height || ix < 0 || ix >= g.width) continue;
        sum[tap] += gradient * x[((n * g.height + iy) * g.width + ix) * g.channels + c];
      }
    }
    for (int tap = 0; tap < kTaps; ++tap) sums[(part * kTaps + tap) * g.channels + c] = sum[tap];
  }
};

}  // namespace dermdistill::gpu
