#include "core/nn/pointwise.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/error.h"
#include "core/base/large_vector.h"
#include "core/base/parallel.h"
#include "core/nn/block_kernels.h"
#include "core/nn/panels.h"
#include "core/nn/pointwise_gradient.h"
#include "core/nn/shared_room.h"
#include "core/nn/streaming.h"

namespace dermdistill {
namespace {

constexpr std::int64_t kBlockRows = 48;  // pixels whose channels stay in a core's cache

std::int64_t pixels_of(const ConvShape& s) { return static_cast<std::int64_t>(s.batch) * s.in_height * s.in_width; }
std::int64_t weights_of(const ConvShape& s) { return static_cast<std::int64_t>(s.in_channels) * s.out_channels; }

/// Calls use(product, first row, first column, part) for blocks of from [rows, in] times packed panels [columns /
/// 32][in][32], all columns of a block of rows in turn. While they are computed, the next block of rows comes from
/// memory.
template <typename Use>
void for_products(const Scalar* from, std::int64_t rows, int in, int columns, const Scalar* panels, Use&& use) {
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(rows, part, parts);
    for (std::int64_t row = first; row < last; row += kBlockRows) {
      const std::int64_t next = std::min(row + kBlockRows, last), after = std::min(kBlockRows, last - next);
      for (int column = 0; column < columns; column += kPanel) {
        const auto [begin, end] = slice_of(after, column / kPanel, columns / kPanel);
        const Scalar* panel = panels + static_cast<std::int64_t>(column) * in;
        use(Product{next - row,
                    kPanel,
                    in,
                    {from + row * in, in},
                    {panel, kPanel},
                    {{from + (next + begin) * in, in}, end - begin, in}},
            row, column, part);
      }
    }
  });
}

/// to [rows, out] = from [rows, in] times packed panels.
void multiply(const Scalar* from, std::int64_t rows, int in, int out, const Scalar* panels, Scalar* to) {
  const bool streamed = passes_cache(to, rows, out);
  for_products(from, rows, in, out, panels, [&](const Product& product, std::int64_t row, int column, int) {
    block_kernels().multiply(product, {to + row * out + column, out, streamed});
  });
}

class PointwiseConvolution final : public Convolution {
 public:
  explicit PointwiseConvolution(const ConvShape& s)
      : s_(s), pixels_(pixels_of(s)), filters_gradient_(pixels_, s.in_channels, s.out_channels) {
    shared_room(Room::Filters, weights_of(s));  // now rather than within a step
  }

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override {
    Scalar* panels = shared_room(Room::Filters, weights_of(s_));
    pack_panels_transposed(w.data(), s_.out_channels, s_.in_channels, panels);
    multiply(x.data(), pixels_, s_.in_channels, s_.out_channels, panels, y.data());
  }

  bool forward_measured(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y,
                        const OutputMoments& moments) override {
    const int in = s_.in_channels, out = s_.out_channels;
    Scalar* panels = shared_room(Room::Filters, weights_of(s_));
    pack_panels_transposed(w.data(), out, in, panels);
    for (int column = 0; column < out; column += kPanel) {
      block_kernels().multiply(
          {1, kPanel, in, {x.data(), in}, {panels + static_cast<std::int64_t>(column) * in, kPanel}},
          {moments.shift.data() + column, out});
    }
    const bool streamed = passes_cache(y.data(), pixels_, out);
    for_products(
        x.data(), pixels_, in, out, panels, [&](const Product& product, std::int64_t row, int column, int part) {
          std::array<Scalar, 2 * kPanel> sums{};  // of one block: few enough for float32
          block_kernels().multiply_measure(product, moments.shift.data() + column, {sums.data(), sums.data() + kPanel},
                                           {y.data() + row * out + column, out, streamed});
          const std::size_t place =
              static_cast<std::size_t>(part) * moments.shift.size() + static_cast<std::size_t>(column);
          for (std::size_t c = 0; c < kPanel; ++c) {
            moments.sum[place + c] += static_cast<double>(sums[c]);
            moments.squares[place + c] += static_cast<double>(sums[kPanel + c]);
          }
        });
    return true;
  }

  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override {
    Scalar* panels = shared_room(Room::Filters, weights_of(s_));
    pack_panels(w.data(), s_.out_channels, s_.in_channels, panels);
    multiply(dy.data(), pixels_, s_.out_channels, s_.in_channels, panels, dx.data());
  }

  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override {
    filters_gradient_.compute(x.data(), dy.data(), dw.data());
  }

 private:
  ConvShape s_;
  std::int64_t pixels_;
  PointwiseFiltersGradient filters_gradient_;
};

class FusedPointwiseConvolution final : public FusedConvolution {
 public:
  FusedPointwiseConvolution(const ConvShape& s, std::span<const Scalar> weight, std::span<const Scalar> bias,
                            Activation activation, bool with_residual)
      : s_(s),
        panels_(weight.size()),
        bias_(bias.begin(), bias.end()),
        activation_(activation),
        with_residual_(with_residual) {
    pack_panels_transposed(weight.data(), s.out_channels, s.in_channels, panels_.data());
  }

  void run(std::span<const Scalar> x, std::span<const Scalar> residual, std::span<Scalar> y) override {
    const int out = s_.out_channels;
    for_products(x.data(), pixels_of(s_), s_.in_channels, out, panels_.data(),
                 [&](const Product& product, std::int64_t row, int column, int) {
                   const std::int64_t place = row * out + column;
                   block_kernels().multiply_activate(product, bias_.data() + column,
                                                     {with_residual_ ? residual.data() + place : nullptr, out},
                                                     activation_, {y.data() + place, out});
                 });
  }

 private:
  ConvShape s_;
  LargeVector<Scalar> panels_;
  std::vector<Scalar> bias_;
  Activation activation_;
  bool with_residual_;
};

void require_panels(const ConvShape& shape) {
  if (!is_panelled_pointwise(shape)) {
    throw ShapeError("pointwise convolution", shape.describe(), "1x1, stride 1, channels in multiples of 32");
  }
}

}  // namespace

bool is_panelled_pointwise(const ConvShape& s) {
  return s.kernel == 1 && s.stride == 1 && s.padding == 0 && !s.depthwise && s.in_channels % kPanel == 0 &&
         s.out_channels % kPanel == 0;
}

std::unique_ptr<Convolution> pointwise_convolution(const ConvShape& shape) {
  require_panels(shape);
  return std::make_unique<PointwiseConvolution>(shape);
}

std::unique_ptr<FusedConvolution> fused_pointwise_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                              std::span<const Scalar> bias, Activation activation,
                                                              bool with_residual) {
  require_panels(shape);
  return std::make_unique<FusedPointwiseConvolution>(shape, weight, bias, activation, with_residual);
}

}  // namespace dermdistill
