// The loops behind vector_kernels.h. Included once by each vector_kernels_*.cpp inside its own namespace and compiled
// there for its instruction set; so nothing in here may call an inline function that other files also use.
// (no include guard: the including file defines DERMDISTILL_KERNEL_SET)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

constexpr int kBlockChannels = 64;  // channels whose accumulators stay in registers
constexpr int kFlushRows = 256;     // rows summed in the network's own type before going over to double

inline Scalar activate(Scalar z, Activation activation) {
  if (activation == Activation::None) return z;
  z = z > 0.0f ? z : 0.0f;
  if (activation == Activation::Relu6) z = z < 6.0f ? z : 6.0f;
  return z;
}

/// The derivative's mask as PyTorch has it: 1 strictly inside (0, 6).
inline Scalar masked(Scalar dy, Scalar z, Activation activation) {
  if (activation == Activation::None) return dy;
  Scalar dz = z > 0.0f ? dy : 0.0f;
  if (activation == Activation::Relu6) dz = z < 6.0f ? dz : 0.0f;
  return dz;
}

void column_moments(const Scalar* x, std::int64_t rows, int channels, const Scalar* shift, double* sum,
                    double* squares) {
  Scalar s[kBlockChannels], q[kBlockChannels], k[kBlockChannels];
  for (std::int64_t r0 = 0; r0 < rows; r0 += kFlushRows) {
    const std::int64_t r1 = r0 + kFlushRows < rows ? r0 + kFlushRows : rows;
    for (int c0 = 0; c0 < channels; c0 += kBlockChannels) {
      const int n = channels - c0 < kBlockChannels ? channels - c0 : kBlockChannels;
      for (int c = 0; c < kBlockChannels; ++c) s[c] = q[c] = k[c] = 0.0f;
      for (int c = 0; c < n; ++c) k[c] = shift[c0 + c];
      if (n == kBlockChannels) {
        for (std::int64_t r = r0; r < r1; ++r) {
          const Scalar* row = x + r * channels + c0;
          for (int c = 0; c < kBlockChannels; ++c) {
            const Scalar d = row[c] - k[c];
            s[c] += d;
            q[c] += d * d;
          }
        }
      } else {
        for (std::int64_t r = r0; r < r1; ++r) {
          const Scalar* row = x + r * channels + c0;
          for (int c = 0; c < n; ++c) {
            const Scalar d = row[c] - k[c];
            s[c] += d;
            q[c] += d * d;
          }
        }
      }
      for (int c = 0; c < n; ++c) {
        sum[c0 + c] += static_cast<double>(s[c]);
        squares[c0 + c] += static_cast<double>(q[c]);
      }
    }
  }
}

template <Activation kActivation, bool kResidual>
void scale_activate_as(const Scalar* x, std::int64_t rows, int channels, const Scalar* scale, const Scalar* offset,
                       const Scalar* residual, Scalar* y) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const Scalar* in = x + r * channels;
    const Scalar* add = kResidual ? residual + r * channels : nullptr;
    Scalar* out = y + r * channels;
#pragma GCC ivdep
    for (int c = 0; c < channels; ++c) {
      Scalar z = in[c] * scale[c] + offset[c];
      if (kResidual) z += add[c];
      out[c] = activate(z, kActivation);
    }
  }
}

void scale_activate(const Scalar* x, std::int64_t rows, int channels, const Scalar* scale, const Scalar* offset,
                    const Scalar* residual, Activation activation, Scalar* y) {
  const auto run = [&]<Activation kActivation>() {
    residual ? scale_activate_as<kActivation, true>(x, rows, channels, scale, offset, residual, y)
             : scale_activate_as<kActivation, false>(x, rows, channels, scale, offset, residual, y);
  };
  if (activation == Activation::None) return run.template operator()<Activation::None>();
  if (activation == Activation::Relu) return run.template operator()<Activation::Relu>();
  run.template operator()<Activation::Relu6>();
}

template <Activation kActivation, bool kSecond, bool kFromOutput, bool kStore>
void norm_backward_sums_as(Scalar* dy, const Scalar* dy2, const Scalar* x, const Scalar* y, std::int64_t rows,
                           int channels, const Scalar* scale, const Scalar* offset, const Scalar* mean, double* sum,
                           double* sum_x) {
  Scalar s[kBlockChannels], q[kBlockChannels], sc[kBlockChannels], of[kBlockChannels], mu[kBlockChannels];
  for (std::int64_t r0 = 0; r0 < rows; r0 += kFlushRows) {
    const std::int64_t r1 = r0 + kFlushRows < rows ? r0 + kFlushRows : rows;
    for (int c0 = 0; c0 < channels; c0 += kBlockChannels) {
      const int n = channels - c0 < kBlockChannels ? channels - c0 : kBlockChannels;
      for (int c = 0; c < kBlockChannels; ++c) s[c] = q[c] = 0.0f;
      for (int c = 0; c < n; ++c) {
        sc[c] = scale[c0 + c];
        of[c] = offset[c0 + c];
        mu[c] = mean[c0 + c];
      }
      for (std::int64_t r = r0; r < r1; ++r) {
        const std::int64_t at = r * channels + c0;
        Scalar* g = dy + at;
        const Scalar* in = x + at;
#pragma GCC ivdep
        for (int c = 0; c < n; ++c) {
          Scalar dz = g[c];
          if (kSecond) dz += dy2[at + c];
          dz = masked(dz, kFromOutput ? y[at + c] : in[c] * sc[c] + of[c], kActivation);
          if (kStore) g[c] = dz;
          s[c] += dz;
          q[c] += dz * (in[c] - mu[c]);
        }
      }
      for (int c = 0; c < n; ++c) {
        sum[c0 + c] += static_cast<double>(s[c]);
        sum_x[c0 + c] += static_cast<double>(q[c]);
      }
    }
  }
}

void norm_backward_sums(Scalar* dy, const Scalar* dy2, const Scalar* x, const Scalar* y, std::int64_t rows,
                        int channels, const Scalar* scale, const Scalar* offset, const Scalar* mean,
                        Activation activation, bool store, double* sum, double* sum_x) {
  const auto run = [&]<Activation kActivation>() {
    const auto with = [&]<bool kSecond, bool kFromOutput>() {
      store ? norm_backward_sums_as<kActivation, kSecond, kFromOutput, true>(dy, dy2, x, y, rows, channels, scale,
                                                                             offset, mean, sum, sum_x)
            : norm_backward_sums_as<kActivation, kSecond, kFromOutput, false>(dy, dy2, x, y, rows, channels, scale,
                                                                              offset, mean, sum, sum_x);
    };
    if (dy2) return y ? with.template operator()<true, true>() : with.template operator()<true, false>();
    y ? with.template operator()<false, true>() : with.template operator()<false, false>();
  };
  if (activation == Activation::None) return run.template operator()<Activation::None>();
  if (activation == Activation::Relu) return run.template operator()<Activation::Relu>();
  run.template operator()<Activation::Relu6>();
}

template <Activation kActivation>
void norm_backward_apply_as(const Scalar* dy, const Scalar* x, std::int64_t rows, int channels, const Scalar* scale,
                            const Scalar* offset, const Scalar* a, const Scalar* b, const Scalar* k, Scalar* dx) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const Scalar* g = dy + r * channels;
    const Scalar* in = x + r * channels;
    Scalar* out = dx + r * channels;
#pragma GCC ivdep
    for (int c = 0; c < channels; ++c) {
      const Scalar dz = masked(g[c], in[c] * scale[c] + offset[c], kActivation);
      out[c] = a[c] * dz + b[c] * in[c] + k[c];
    }
  }
}

void norm_backward_apply(const Scalar* dy, const Scalar* x, std::int64_t rows, int channels, const Scalar* scale,
                         const Scalar* offset, Activation activation, bool stored, const Scalar* a, const Scalar* b,
                         const Scalar* k, Scalar* dx) {
  const auto mask = stored ? Activation::None : activation;
  const auto run = mask == Activation::None   ? norm_backward_apply_as<Activation::None>
                   : mask == Activation::Relu ? norm_backward_apply_as<Activation::Relu>
                                              : norm_backward_apply_as<Activation::Relu6>;
  run(dy, x, rows, channels, scale, offset, a, b, k, dx);
}

// A row of a depthwise convolution is a sum over at most nine taps; edge pixels go tap by tap, the inner ones all at
// once.

inline void edge_pixel(const DepthwiseShape& s, const Scalar* x, const Scalar* w, int oy, int ox, Scalar* out) {
  for (int c = 0; c < s.channels; ++c) out[c] = 0.0f;
  for (int ky = 0; ky < 3; ++ky) {
    const int iy = oy * s.stride + ky - 1;
    if (iy < 0 || iy >= s.in_height) continue;
    for (int kx = 0; kx < 3; ++kx) {
      const int ix = ox * s.stride + kx - 1;
      if (ix < 0 || ix >= s.in_width) continue;
      const Scalar* in = x + (static_cast<std::int64_t>(iy) * s.in_width + ix) * s.channels;
      const Scalar* tap = w + (ky * 3 + kx) * s.channels;
#pragma GCC ivdep
      for (int c = 0; c < s.channels; ++c) out[c] += in[c] * tap[c];
    }
  }
}

void depthwise_forward(const DepthwiseShape& s, const Scalar* x, const Scalar* w, int first, int last, Scalar* y) {
  const std::int64_t line = static_cast<std::int64_t>(s.in_width) * s.channels;
  const int channels = s.channels;
  for (int oy = first; oy < last; ++oy) {
    Scalar* out_row = y + static_cast<std::int64_t>(oy) * s.out_width * channels;
    const int iy = oy * s.stride - 1;
    const bool inner_row = iy >= 0 && iy + 2 < s.in_height;
    for (int ox = 0; ox < s.out_width; ++ox) {
      Scalar* out = out_row + static_cast<std::int64_t>(ox) * channels;
      const int ix = ox * s.stride - 1;
      if (!inner_row || ix < 0 || ix + 2 >= s.in_width) {
        edge_pixel(s, x, w, oy, ox, out);
        continue;
      }
      const Scalar* r0 = x + iy * line + static_cast<std::int64_t>(ix) * channels;
      const Scalar* r1 = r0 + line;
      const Scalar* r2 = r1 + line;
#pragma GCC ivdep
      for (int c = 0; c < channels; ++c) {
        const Scalar top =
            r0[c] * w[c] + r0[channels + c] * w[channels + c] + r0[2 * channels + c] * w[2 * channels + c];
        const Scalar middle = r1[c] * w[3 * channels + c] + r1[channels + c] * w[4 * channels + c] +
                              r1[2 * channels + c] * w[5 * channels + c];
        const Scalar bottom = r2[c] * w[6 * channels + c] + r2[channels + c] * w[7 * channels + c] +
                              r2[2 * channels + c] * w[8 * channels + c];
        out[c] = top + middle + bottom;
      }
    }
  }
}

void depthwise_backward_data(const DepthwiseShape& s, const Scalar* dy, const Scalar* w, int first, int last,
                             Scalar* dx) {
  const std::int64_t line = static_cast<std::int64_t>(s.out_width) * s.channels;
  const int channels = s.channels;
  for (int iy = first; iy < last; ++iy) {
    for (int ix = 0; ix < s.in_width; ++ix) {
      Scalar* out = dx + (static_cast<std::int64_t>(iy) * s.in_width + ix) * channels;
      // x[iy] feeds y[oy] through tap ky where oy * stride + ky - 1 == iy.
      if (s.stride == 1 && iy > 0 && iy + 1 < s.out_height && ix > 0 && ix + 1 < s.out_width) {
        const Scalar* r0 = dy + (iy - 1) * line + static_cast<std::int64_t>(ix - 1) * channels;
        const Scalar* r1 = r0 + line;
        const Scalar* r2 = r1 + line;
#pragma GCC ivdep
        for (int c = 0; c < channels; ++c) {
          const Scalar top = r0[c] * w[8 * channels + c] + r0[channels + c] * w[7 * channels + c] +
                             r0[2 * channels + c] * w[6 * channels + c];
          const Scalar middle = r1[c] * w[5 * channels + c] + r1[channels + c] * w[4 * channels + c] +
                                r1[2 * channels + c] * w[3 * channels + c];
          const Scalar bottom =
              r2[c] * w[2 * channels + c] + r2[channels + c] * w[channels + c] + r2[2 * channels + c] * w[c];
          out[c] = top + middle + bottom;
        }
        continue;
      }
      const Scalar* sources[9];
      const Scalar* taps[9];
      int count = 0;
      for (int ky = 0; ky < 3; ++ky) {
        const int ny = iy + 1 - ky;
        if (ny < 0 || ny % s.stride != 0 || ny / s.stride >= s.out_height) continue;
        for (int kx = 0; kx < 3; ++kx) {
          const int nx = ix + 1 - kx;
          if (nx < 0 || nx % s.stride != 0 || nx / s.stride >= s.out_width) continue;
          sources[count] = dy + (ny / s.stride) * line + static_cast<std::int64_t>(nx / s.stride) * channels;
          taps[count++] = w + (ky * 3 + kx) * channels;
        }
      }
      if (count == 1) {
        const Scalar *g = sources[0], *t = taps[0];
#pragma GCC ivdep
        for (int c = 0; c < channels; ++c) out[c] = g[c] * t[c];
      } else if (count == 2) {
        const Scalar *g = sources[0], *t = taps[0], *g1 = sources[1], *t1 = taps[1];
#pragma GCC ivdep
        for (int c = 0; c < channels; ++c) out[c] = g[c] * t[c] + g1[c] * t1[c];
      } else if (count == 4) {
        const Scalar *g = sources[0], *t = taps[0], *g1 = sources[1], *t1 = taps[1];
        const Scalar *g2 = sources[2], *t2 = taps[2], *g3 = sources[3], *t3 = taps[3];
#pragma GCC ivdep
        for (int c = 0; c < channels; ++c) out[c] = g[c] * t[c] + g1[c] * t1[c] + g2[c] * t2[c] + g3[c] * t3[c];
      } else {
        for (int c = 0; c < channels; ++c) out[c] = 0.0f;
        for (int i = 0; i < count; ++i) {
          const Scalar *g = sources[i], *t = taps[i];
#pragma GCC ivdep
          for (int c = 0; c < channels; ++c) out[c] += g[c] * t[c];
        }
      }
    }
  }
}

void depthwise_backward_weights(const DepthwiseShape& s, const Scalar* x, const Scalar* dy, int first, int last,
                                Scalar* dw) {
  constexpr int kLanes = 16;  // nine accumulators of this width stay in registers
  const std::int64_t line = static_cast<std::int64_t>(s.in_width) * s.channels;
  const int channels = s.channels;
  for (int oy = first; oy < last; ++oy) {
    const int iy = oy * s.stride - 1;
    const bool inner_row = iy >= 0 && iy + 2 < s.in_height;
    const Scalar* g_row = dy + static_cast<std::int64_t>(oy) * s.out_width * channels;
    // Pixels whose nine inputs all exist: [begin, end).
    const int begin = inner_row ? 1 : s.out_width;
    int end = s.out_width;
    while (end > begin && (end - 1) * s.stride + 1 >= s.in_width) --end;
    for (int c0 = 0; c0 < channels && begin < end; c0 += kLanes) {
      const int n = channels - c0 < kLanes ? channels - c0 : kLanes;
      Scalar a[9][kLanes] = {};
      if (n == kLanes) {
        for (int ox = begin; ox < end; ++ox) {
          const Scalar* g = g_row + static_cast<std::int64_t>(ox) * channels + c0;
          const Scalar* r0 = x + iy * line + static_cast<std::int64_t>(ox * s.stride - 1) * channels + c0;
          const Scalar* r1 = r0 + line;
          const Scalar* r2 = r1 + line;
          for (int c = 0; c < kLanes; ++c) {
            const Scalar v = g[c];
            a[0][c] += v * r0[c];
            a[1][c] += v * r0[channels + c];
            a[2][c] += v * r0[2 * channels + c];
            a[3][c] += v * r1[c];
            a[4][c] += v * r1[channels + c];
            a[5][c] += v * r1[2 * channels + c];
            a[6][c] += v * r2[c];
            a[7][c] += v * r2[channels + c];
            a[8][c] += v * r2[2 * channels + c];
          }
        }
      } else {
        for (int ox = begin; ox < end; ++ox) {
          const Scalar* g = g_row + static_cast<std::int64_t>(ox) * channels + c0;
          const Scalar* r0 = x + iy * line + static_cast<std::int64_t>(ox * s.stride - 1) * channels + c0;
          for (int k = 0; k < 9; ++k) {
            const Scalar* in = r0 + (k / 3) * line + (k % 3) * channels;
            for (int c = 0; c < n; ++c) a[k][c] += g[c] * in[c];
          }
        }
      }
      for (int k = 0; k < 9; ++k) {
        for (int c = 0; c < n; ++c) dw[k * channels + c0 + c] += a[k][c];
      }
    }
    for (int ox = 0; ox < s.out_width; ++ox) {
      if (ox >= begin && ox < end) continue;
      const Scalar* g = g_row + static_cast<std::int64_t>(ox) * channels;
      for (int ky = 0; ky < 3; ++ky) {
        const int y = iy + ky;
        if (y < 0 || y >= s.in_height) continue;
        for (int kx = 0; kx < 3; ++kx) {
          const int ix = ox * s.stride + kx - 1;
          if (ix < 0 || ix >= s.in_width) continue;
          const Scalar* in = x + y * line + static_cast<std::int64_t>(ix) * channels;
          Scalar* to = dw + (ky * 3 + kx) * channels;
#pragma GCC ivdep
          for (int c = 0; c < channels; ++c) to[c] += g[c] * in[c];
        }
      }
    }
  }
}

void add(const Scalar* x, std::int64_t count, Scalar* y) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) y[i] += x[i];
}

constexpr VectorKernels kTable{DERMDISTILL_KERNEL_NAME,
                               column_moments,
                               scale_activate,
                               norm_backward_sums,
                               norm_backward_apply,
                               depthwise_forward,
                               depthwise_backward_data,
                               depthwise_backward_weights,
                               max_pool,
                               add};

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
