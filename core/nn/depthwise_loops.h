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

void depthwise_row(const DepthwiseRow& row, const Scalar* shift, Sums sums, Rows to) {
  const std::int64_t pixel = row.input_stride;
  for_channels(row.channels, [&]<int kCount>(int c) {
    Vector<kCount> weight[9];
#pragma GCC unroll 9
    for (int k = 0; k < 9; ++k) weight[k] = load<kCount>(row.weight + k * row.weight_stride + c);
    const auto middle = load<kCount>(shift + c);
    auto first = load<kCount>(sums.first + c), second = load<kCount>(sums.second + c);
    const Scalar *above = row.input[0] + c, *at = row.input[1] + c, *below = row.input[2] + c;
    Scalar* out = to.data + c;
    for (int x = 0; x < row.width; ++x) {
      // Three sums, one a filter row, shorten the chain of dependent additions.
      Vector<kCount> y0 = weight[0] * load<kCount>(above);
      Vector<kCount> y1 = weight[3] * load<kCount>(at);
      Vector<kCount> y2 = weight[6] * load<kCount>(below);
      y0 += weight[1] * load<kCount>(above + pixel);
      y1 += weight[4] * load<kCount>(at + pixel);
      y2 += weight[7] * load<kCount>(below + pixel);
      y0 += weight[2] * load<kCount>(above + 2 * pixel);
      y1 += weight[5] * load<kCount>(at + 2 * pixel);
      y2 += weight[8] * load<kCount>(below + 2 * pixel);
      const Vector<kCount> y = y0 + y1 + y2;
      store<kCount>(out, y);
      const Vector<kCount> d = y - middle;
      first += d;
      second += d * d;
      above += row.stride * pixel;
      at += row.stride * pixel;
      below += row.stride * pixel;
      out += to.stride;
    }
    store<kCount>(sums.first + c, first);
    store<kCount>(sums.second + c, second);
  });
}

/// Stride 1: output pixel x + 1 - tap reaches input pixel x.
template <int kRows>
void depthwise_backward_dense(const DepthwiseBackwardRow& row, ConstRows z, Rows dz, Scalar* sum, Scalar* d_weight) {
  const std::int64_t pixel = row.gradient_stride;
  for_channels(row.channels, [&]<int kCount>(int c) {
    Vector<kCount> weight[kRows][3], change[kRows][3];
    const Scalar* gradient[kRows];
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
    auto total = load<kCount>(sum + c);
    const Scalar* in = z.data + c;
    Scalar* out = dz.data + c;
    for (int x = 0; x < row.width; ++x) {
      const auto activated = load<kCount>(in);
      Vector<kCount> g[3] = {};
#pragma GCC unroll 3
      for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
        for (int t = 0; t < 3; ++t) {
          const auto from = load<kCount>(gradient[i] + (2 - t) * pixel);
          g[i] += weight[i][t] * from;
          change[i][t] += activated * from;
        }
        gradient[i] += pixel;
      }
      const auto masked_gradient = masked<kCount>(g[0] + g[1] + g[2], activated);
      store<kCount>(out, masked_gradient);
      total += masked_gradient;
      in += z.stride;
      out += dz.stride;
    }
    store<kCount>(sum + c, total);
#pragma GCC unroll 3
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        store<kCount>(d_weight + (row.tap_row[i] * 3 + t) * row.weight_stride + c, change[i][t]);
      }
    }
  });
}

/// Stride 2: input pixel 2 o gets output pixel o by the middle tap, 2 o + 1 gets o by the last and o + 1 by the first.
template <int kRows>
void depthwise_backward_sparse(const DepthwiseBackwardRow& row, ConstRows z, Rows dz, Scalar* sum, Scalar* d_weight) {
  const std::int64_t pixel = row.gradient_stride;
  for_channels(row.channels, [&]<int kCount>(int c) {
    Vector<kCount> weight[kRows][3], change[kRows][3];
    const Scalar* gradient[kRows];
#pragma GCC unroll 2
    for (int i = 0; i < kRows; ++i) {
      gradient[i] = row.gradient[i] + pixel + c;
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        const std::int64_t tap = (row.tap_row[i] * 3 + t) * row.weight_stride + c;
        weight[i][t] = load<kCount>(row.weight + tap);
        change[i][t] = load<kCount>(d_weight + tap);
      }
    }
    auto total = load<kCount>(sum + c);
    const Scalar* in = z.data + c;
    Scalar* out = dz.data + c;
    for (int x = 0; x < row.width; x += 2) {
      const auto even = load<kCount>(in);
      Vector<kCount> g = {};
#pragma GCC unroll 2
      for (int i = 0; i < kRows; ++i) {
        const auto here = load<kCount>(gradient[i]);
        g += weight[i][1] * here;
        change[i][1] += even * here;
      }
      g = masked<kCount>(g, even);
      store<kCount>(out, g);
      total += g;
      if (x + 1 < row.width) {
        const auto odd = load<kCount>(in + z.stride);
        g = Vector<kCount>{};
#pragma GCC unroll 2
        for (int i = 0; i < kRows; ++i) {
          const auto here = load<kCount>(gradient[i]), next = load<kCount>(gradient[i] + pixel);
          g += weight[i][2] * here;
          g += weight[i][0] * next;
          change[i][2] += odd * here;
          change[i][0] += odd * next;
        }
        g = masked<kCount>(g, odd);
        store<kCount>(out + dz.stride, g);
        total += g;
      }
#pragma GCC unroll 2
      for (int i = 0; i < kRows; ++i) gradient[i] += pixel;
      in += 2 * z.stride;
      out += 2 * dz.stride;
    }
    store<kCount>(sum + c, total);
#pragma GCC unroll 2
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        store<kCount>(d_weight + (row.tap_row[i] * 3 + t) * row.weight_stride + c, change[i][t]);
      }
    }
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

constexpr BlockKernels kBlockTable{
    DERMDISTILL_KERNEL_NAME, multiply,         multiply_accumulate, multiply_accumulate_transposed, multiply_add,
    multiply_normalise,      multiply_measure, multiply_mask_sum,   multiply_norm_backward,         depthwise_row,
    depthwise_backward_row};

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
