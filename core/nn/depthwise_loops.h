// Rows of a depthwise convolution of the fused block, vectorised over channels. Needs product_loops.h before it and is
// included in the same way.
// (no include guard)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

/// Calls body.template operator()<lanes>(first channel) over all channels, in vectors as wide as they come.
template <typename Body>
inline void for_channels(int channels, Body&& body) {
  int c = 0;
  for (; c + kLanes <= channels; c += kLanes) body.template operator()<kLanes>(c);
  if constexpr (kLanes > kChannelMultiple) {
    for (; c < channels; c += kChannelMultiple) body.template operator()<kChannelMultiple>(c);
  }
}

void normalise(std::int64_t rows, int columns, ConstRows x, NormTerms norm, Rows to) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const Scalar* in = x.data + r * x.stride;
    Scalar* out = to.data + r * to.stride;
    for_channels(columns, [&]<int kCount>(int c) {
      store<kCount>(out + c,
                    relu6<kCount>(load<kCount>(in + c) * load<kCount>(norm.scale + c) + load<kCount>(norm.offset + c)));
    });
  }
}

void norm_backward(std::int64_t rows, int columns, ConstRows dz, ConstRows x, NormGradientTerms terms, Rows to) {
  for_channels(columns, [&]<int kCount>(int c) {
    const auto a = load<kCount>(terms.a + c), b = load<kCount>(terms.b + c), k = load<kCount>(terms.k + c);
    const Scalar *gradient = dz.data + c, *in = x.data + c;
    Scalar* out = to.data + c;
    for (std::int64_t r = 0; r < rows; ++r) {
      store<kCount>(out, a * load<kCount>(gradient) + (b * load<kCount>(in) + k));
      gradient += dz.stride;
      in += x.stride;
      out += to.stride;
    }
  });
}

void sum_columns(std::int64_t rows, int columns, ConstRows x, Scalar* sums) {
  for_channels(columns, [&]<int kCount>(int c) {
    auto total = load<kCount>(sums + c);
    const Scalar* in = x.data + c;
    for (std::int64_t r = 0; r < rows; ++r, in += x.stride) total += load<kCount>(in);
    store<kCount>(sums + c, total);
  });
}

// The pixels at a row's ends lack a neighbour: each kernel has its pixel as a template over whether they are there.

template <bool kStreamed>
void depthwise_row_as(const DepthwiseRow& row, const Scalar* shift, Sums sums, Rows to) {
  const std::int64_t pixel = row.input_stride;
  const int inner =
      row.input_width < 2 ? 0 : (row.input_width - 2) / row.stride + 1;  // first without a right neighbour
  for_channels(row.channels, [&]<int kCount>(int c) {
    Vector<kCount> weight[9];
#pragma GCC unroll 9
    for (int k = 0; k < 9; ++k) weight[k] = load<kCount>(row.weight + k * row.weight_stride + c);
    const auto middle = load<kCount>(shift + c);
    auto first = load<kCount>(sums.first + c), second = load<kCount>(sums.second + c);
    const std::int64_t begin = static_cast<std::int64_t>(row.first) * row.stride * pixel + c;
    const Scalar *above = row.input[0] + begin, *at = row.input[1] + begin, *below = row.input[2] + begin;
    Scalar* out = to.data + c;
    const auto finish = [&](Vector<kCount> y) __attribute__((always_inline)) {
      kStreamed ? stream<kCount>(out, y) : store<kCount>(out, y);
      const Vector<kCount> d = y - middle;
      first += d;
      second += d * d;
      out += to.stride;
    };
    const std::int64_t step = row.stride * pixel;
    const auto next = [&]<bool kLeft, bool kRight>() __attribute__((always_inline)) {
      // Three sums, one a filter row, shorten the chain of dependent additions.
      Vector<kCount> y0 = {}, y1 = {}, y2 = {};
      if constexpr (kLeft) {
        y0 = weight[0] * load<kCount>(above - pixel);
        y1 = weight[3] * load<kCount>(at - pixel);
        y2 = weight[6] * load<kCount>(below - pixel);
      }
      y0 += weight[1] * load<kCount>(above);
      y1 += weight[4] * load<kCount>(at);
      y2 += weight[7] * load<kCount>(below);
      if constexpr (kRight) {
        y0 += weight[2] * load<kCount>(above + pixel);
        y1 += weight[5] * load<kCount>(at + pixel);
        y2 += weight[8] * load<kCount>(below + pixel);
      }
      finish(y0 + y1 + y2);
      above += step;
      at += step;
      below += step;
    };
    // Two neighbours with one load of what both read.
    const auto next_two = [&]<int kStride>() __attribute__((always_inline)) {
      Vector<kCount> left[3], right[3];
      const auto sum_row = [&](int k, const Scalar* in) __attribute__((always_inline)) {
        constexpr int kReach = 3 + kStride;
        Vector<kCount> x[kReach];
#pragma GCC unroll 5
        for (int i = 0; i < kReach; ++i) x[i] = load<kCount>(in + (i - 1) * pixel);
        left[k] = weight[3 * k] * x[0] + weight[3 * k + 1] * x[1] + weight[3 * k + 2] * x[2];
        right[k] = weight[3 * k] * x[kStride] + weight[3 * k + 1] * x[kStride + 1] + weight[3 * k + 2] * x[kStride + 2];
      };
      sum_row(0, above);
      sum_row(1, at);
      sum_row(2, below);
      finish(left[0] + left[1] + left[2]);
      finish(right[0] + right[1] + right[2]);
      above += 2 * step;
      at += 2 * step;
      below += 2 * step;
    };
    int x = row.first;
    if (x == 0 && x < row.last) {
      inner > 0 ? next.template operator()<false, true>() : next.template operator()<false, false>();
      ++x;
    }
    const int end = inner < row.last ? inner : row.last;
    if (row.stride == 1) {
      for (; x + 1 < end; x += 2) next_two.template operator()<1>();
    } else {
      for (; x + 1 < end; x += 2) next_two.template operator()<2>();
    }
    for (; x < end; ++x) next.template operator()<true, true>();
    for (; x < row.last; ++x) next.template operator()<true, false>();
    store<kCount>(sums.first + c, first);
    store<kCount>(sums.second + c, second);
  });
  if (kStreamed) finish_streams();
}

void depthwise_row(const DepthwiseRow& row, const Scalar* shift, Sums sums, Rows to) {
  to.streamed ? depthwise_row_as<true>(row, shift, sums, to) : depthwise_row_as<false>(row, shift, sums, to);
}

/// What both kinds of backward rows work with: the filter rows that link this input row with its output rows.
template <int kRows, int kCount>
struct BackwardTaps {
  Vector<kCount> weight[kRows][3], change[kRows][3];
  const Scalar* gradient[kRows];

  BackwardTaps(const DepthwiseBackwardRow& row, const Scalar* d_weight, int c) {
#pragma GCC unroll 3
    for (int i = 0; i < kRows; ++i) {
      gradient[i] = row.gradient[i] + c;
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        const std::int64_t tap = (row.tap_row[i] * 3 + t) * row.weight_stride + c;
        weight[i][t] = load<kCount>(row.weight + tap);
        change[i][t] = load<kCount>(d_weight + tap);
      }
    }
  }
  void store_to(const DepthwiseBackwardRow& row, Scalar* d_weight, int c) const {
#pragma GCC unroll 3
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        store<kCount>(d_weight + (row.tap_row[i] * 3 + t) * row.weight_stride + c, change[i][t]);
      }
    }
  }
};

/// Stride 1: output pixel x + 1 - tap reaches input pixel x.
template <int kRows>
void depthwise_backward_dense(const DepthwiseBackwardRow& row, ConstRows z, Rows dz, Scalar* sum, Scalar* d_weight) {
  const std::int64_t pixel = row.gradient_stride;
  for_channels(row.channels, [&]<int kCount>(int c) {
    BackwardTaps<kRows, kCount> taps(row, d_weight, c);
    auto total = load<kCount>(sum + c);
    const Scalar* in = z.data + c;
    Scalar* out = dz.data + c;
    const auto next = [&]<bool kLeft, bool kRight>() __attribute__((always_inline)) {
      const auto activated = load<kCount>(in);
      Vector<kCount> g[3] = {};
#pragma GCC unroll 3
      for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
        for (int t = 0; t < 3; ++t) {
          if ((t == 0 && !kRight) || (t == 2 && !kLeft)) continue;
          const auto from = load<kCount>(taps.gradient[i] + (1 - t) * pixel);
          g[i] += taps.weight[i][t] * from;
          taps.change[i][t] += activated * from;
        }
        taps.gradient[i] += pixel;
      }
      const auto masked_gradient = masked<kCount>(g[0] + g[1] + g[2], activated);
      store<kCount>(out, masked_gradient);
      total += masked_gradient;
      in += z.stride;
      out += dz.stride;
    };
    if (row.width == 1) {
      next.template operator()<false, false>();
    } else {
      next.template operator()<false, true>();
      for (int x = 1; x + 1 < row.width; ++x) next.template operator()<true, true>();
      next.template operator()<true, false>();
    }
    store<kCount>(sum + c, total);
    taps.store_to(row, d_weight, c);
  });
}

/// Stride 2: input pixel 2 o gets output pixel o by the middle tap, 2 o + 1 gets o by the last and o + 1 by the first.
template <int kRows>
void depthwise_backward_sparse(const DepthwiseBackwardRow& row, ConstRows z, Rows dz, Scalar* sum, Scalar* d_weight) {
  const std::int64_t pixel = row.gradient_stride;
  for_channels(row.channels, [&]<int kCount>(int c) {
    BackwardTaps<kRows, kCount> taps(row, d_weight, c);
    auto total = load<kCount>(sum + c);
    const Scalar* in = z.data + c;
    Scalar* out = dz.data + c;
    const auto even = [&]() __attribute__((always_inline)) {
      const auto activated = load<kCount>(in);
      Vector<kCount> g = {};
#pragma GCC unroll 2
      for (int i = 0; i < kRows; ++i) {
        const auto here = load<kCount>(taps.gradient[i]);
        g += taps.weight[i][1] * here;
        taps.change[i][1] += activated * here;
      }
      g = masked<kCount>(g, activated);
      store<kCount>(out, g);
      total += g;
    };
    const auto odd = [&]<bool kRight>() __attribute__((always_inline)) {
      const auto activated = load<kCount>(in + z.stride);
      Vector<kCount> g = {};
#pragma GCC unroll 2
      for (int i = 0; i < kRows; ++i) {
        const auto here = load<kCount>(taps.gradient[i]);
        g += taps.weight[i][2] * here;
        taps.change[i][2] += activated * here;
        if constexpr (kRight) {
          const auto following = load<kCount>(taps.gradient[i] + pixel);
          g += taps.weight[i][0] * following;
          taps.change[i][0] += activated * following;
        }
        taps.gradient[i] += pixel;
      }
      g = masked<kCount>(g, activated);
      store<kCount>(out + dz.stride, g);
      total += g;
      in += 2 * z.stride;
      out += 2 * dz.stride;
    };
    int x = 0;
    for (; x + 2 < row.width; x += 2) {
      even();
      odd.template operator()<true>();
    }
    even();
    if (x + 1 < row.width) odd.template operator()<false>();
    store<kCount>(sum + c, total);
    taps.store_to(row, d_weight, c);
  });
}

void depthwise_backward_row(const DepthwiseBackwardRow& row, ConstRows z, Rows dz, Scalar* sum, Scalar* d_weight) {
  if (row.stride == 2) {
    return row.count == 1 ? depthwise_backward_sparse<1>(row, z, dz, sum, d_weight)
                          : depthwise_backward_sparse<2>(row, z, dz, sum, d_weight);
  }
  if (row.count == 3) return depthwise_backward_dense<3>(row, z, dz, sum, d_weight);
  row.count == 2 ? depthwise_backward_dense<2>(row, z, dz, sum, d_weight)
                 : depthwise_backward_dense<1>(row, z, dz, sum, d_weight);
}

constexpr BlockKernels kBlockTable{DERMDISTILL_KERNEL_NAME,
                                   multiply,
                                   multiply_accumulate,
                                   multiply_accumulate_transposed,
                                   multiply_add,
                                   multiply_activate,
                                   multiply_normalise,
                                   multiply_measure,
                                   multiply_mask_sum,
                                   multiply_norm_backward,
                                   normalise,
                                   norm_backward,
                                   sum_columns,
                                   depthwise_row,
                                   depthwise_backward_row};

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
