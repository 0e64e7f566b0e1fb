// Pooling, item by item; see core/nn/pooling.h for what is computed.
#pragma once

#include "core/gpu/items.h"

namespace dermdistill::gpu {

/// 3x3, stride 2, padding 1. An item is an output value; `winner` may be null.
struct MaxPool {
  const Scalar* x;
  Scalar* y;
  unsigned char* winner;
  int height, width, channels, out_height, out_width;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % channels, pixel = item / channels;
    const int ox = pixel % out_width, oy = pixel / out_width % out_height, n = pixel / out_width / out_height;
    Scalar best = 0;
    int won = -1;
    for (int tap = 0; tap < 9; ++tap) {
      const int iy = oy * 2 - 1 + tap / 3, ix = ox * 2 - 1 + tap % 3;
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
      const Scalar value = x[((n * height + iy) * width + ix) * channels + c];
      if (won >= 0 && !(value > best)) continue;
      best = value;
      won = tap;
    }
    y[item] = best;
    if (winner != nullptr) winner[item] = static_cast<unsigned char>(won);
  }
};

/// An item is a value of dx, which gathers from the outputs that it won.
struct MaxPoolGradient {
  const Scalar* dy;
  const unsigned char* winner;
  Scalar* dx;
  int height, width, channels, out_height, out_width;
  bool accumulate;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % channels, pixel = item / channels;
    const int ix = pixel % width, iy = pixel / width % height, n = pixel / width / height;
    Scalar sum = accumulate ? dx[item] : 0;
    for (int oy = iy / 2; oy <= (iy + 1) / 2 && oy < out_height; ++oy) {
      for (int ox = ix / 2; ox <= (ix + 1) / 2 && ox < out_width; ++ox) {
        const int tap = (iy - (oy * 2 - 1)) * 3 + ix - (ox * 2 - 1);
        const int out = ((n * out_height + oy) * out_width + ox) * channels + c;
        if (winner[out] == tap) sum += dy[out];
      }
    }
    dx[item] = sum;
  }
};

/// y [batch, channels] = mean over the pixels; an item is an image and a channel.
struct AveragePool {
  const Scalar* x;
  Scalar* y;
  int pixels, channels;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % channels, n = item / channels;
    Scalar sum = 0;
    for (int p = 0; p < pixels; ++p) sum += x[(n * pixels + p) * channels + c];
    y[item] = sum / static_cast<Scalar>(pixels);
  }
};

/// dx = dy / pixels, added to what is there where asked; an item is a value of dx.
struct AveragePoolGradient {
  const Scalar* dy;
  Scalar* dx;
  int pixels, channels;
  bool accumulate;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int c = item % channels, n = item / channels / pixels;
    const Scalar share = dy[n * channels + c] / static_cast<Scalar>(pixels);
    dx[item] = accumulate ? dx[item] + share : share;
  }
};

}  // namespace dermdistill::gpu
