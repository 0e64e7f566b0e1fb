#include "core/nn/winograd.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/nn/block_kernels.h"
#include "core/nn/panels.h"
#include "core/nn/shared_room.h"
#include "core/nn/winograd_kernels.h"

namespace dermdistill {
namespace {

constexpr std::int64_t kApart = 32;            // values between planes, so that they do not fall on the same cache sets
constexpr std::int64_t kBlockTiles = 48;       // whole tiles of rows of the product kernels
constexpr std::int64_t kGroupBytes = 8 << 20;  // of transformed tiles whose products are added up in one go

std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::size_t count(std::int64_t values) { return static_cast<std::size_t>(values); }

/// The tiles of a map [batch, height, width].
struct TileGrid {
  int batch, height, width;
  std::int64_t across() const { return divided_up(width, kWinogradOutput); }
  std::int64_t down() const { return divided_up(height, kWinogradOutput); }
  std::int64_t tiles() const { return batch * across() * down(); }

  /// Calls use(place in the tile, index of the pixel or -1 outside the map) for the pixels of a square of `side`,
  /// which begins `before` pixels above and left of the tile's outputs.
  template <typename Use>
  void for_pixels(std::int64_t tile, int side, int before, Use&& use) const {
    const std::int64_t image = tile / (across() * down()), within = tile % (across() * down());
    const std::int64_t top = within / across() * kWinogradOutput - before,
                       left = within % across() * kWinogradOutput - before;
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) {
        const std::int64_t y = top + i, x = left + j;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        use(i * side + j, inside ? (image * height + y) * width + x : -1);
      }
    }
  }
};

TileGrid grid_of(const ConvShape& s) { return {s.batch, s.in_height, s.in_width}; }

std::int64_t filter_plane(int in, int out) { return static_cast<std::int64_t>(in) * out + kApart; }
std::int64_t filter_values(int in, int out) { return kWinogradPlanes * filter_plane(in, out); }

/// w [out, 3, 3, in] to planes [out / 32][in][32].
void transform_filters(const ConvShape& s, const Scalar* w, Scalar* filters) {
  const std::int64_t blocks = s.in_channels / kPanel, panels = s.out_channels / kPanel;
  const std::int64_t plane = filter_plane(s.in_channels, s.out_channels);
  const WinogradKernels& kernels = winograd_kernels();
  parallel_for(panels * blocks, [&](std::int64_t task) {
    const std::int64_t panel = task / blocks, block = task % blocks;
    constexpr std::int64_t kSquare = kPanel * kPanel;
    Scalar* transformed = shared_room(Room::Values, kWinogradPlanes * kSquare);  // this thread's own
    for (int o = 0; o < kPanel; ++o) {
      const Scalar* taps = w + (panel * kPanel + o) * 9 * s.in_channels + block * kPanel;
      kernels.transform_filter(taps, s.in_channels, false, kPanel, {transformed + o * kPanel, kSquare, kPanel});
    }
    for (int e = 0; e < kWinogradPlanes; ++e) {
      const Scalar* from = transformed + e * kSquare;
      Scalar* to = filters + e * plane + (panel * s.in_channels + block * kPanel) * kPanel;
      transpose_square(from, kPanel, to, kPanel);
    }
  });
}

/// w [out, 3, 3, in], turned by half a turn, to planes [in / 32][out][32]: the filters of the gradient of the input.
void transform_turned_filters(const ConvShape& s, const Scalar* w, Scalar* filters) {
  const std::int64_t plane = filter_plane(s.out_channels, s.in_channels);
  parallel_for(s.out_channels, [&](std::int64_t o) {
    winograd_kernels().transform_filter(
        w + o * 9 * s.in_channels, s.in_channels, true, s.in_channels,
        {filters + o * kPanel, plane, static_cast<std::int64_t>(s.out_channels) * kPanel});
  });
}

/// A convolution's work on one block of tiles, in memory of a thread's own.
class Blocks {
 public:
  Blocks(const TileGrid& grid, int in, int out)
      : grid_(grid),
        in_(in),
        out_(out),
        values_plane_(kBlockTiles * in + kApart),
        products_plane_(kBlockTiles * out + kApart) {}

  std::int64_t memory() const { return thread_count() * own_memory(); }

  /// y = conv(x) with transformed filters; residual like y, or null.
  void run(const Scalar* x, const Scalar* filters, const Scalar* bias, const Scalar* residual, Activation activation,
           Scalar* y) const {
    Scalar* memory = shared_room(Room::Values, this->memory());
    const Scalar* nothing = shared_room(Room::Nothing, in_);
    Scalar* waste = shared_room(Room::Waste, static_cast<std::int64_t>(thread_count()) * out_);
    parallel_parts([&](int part, int parts) {
      const auto [first, last] = slice_of(grid_.tiles(), part, parts);
      const std::int64_t blocks = divided_up(last - first, kBlockTiles);
      Scalar *values = memory + part * own_memory(), *products = values + kWinogradPlanes * values_plane_;
      for (std::int64_t b = 0; b < blocks; ++b) {
        const std::int64_t from = first + (last - first) * b / blocks, to = first + (last - first) * (b + 1) / blocks;
        transform_inputs(x, nothing, from, to, values);
        multiply(values, filters, to - from, products);
        transform_outputs(products, {bias, nullptr, activation}, residual, from, to, waste + part * out_, y);
      }
    });
  }

 private:
  std::int64_t own_memory() const { return kWinogradPlanes * (values_plane_ + products_plane_) + kApart; }

  void transform_inputs(const Scalar* x, const Scalar* nothing, std::int64_t from, std::int64_t to,
                        Scalar* values) const {
    std::array<const Scalar*, kWinogradPlanes> pixels{};
    for (std::int64_t t = from; t < to; ++t) {
      grid_.for_pixels(t, kWinogradInput, 1, [&](int place, std::int64_t pixel) {
        pixels[static_cast<std::size_t>(place)] = pixel < 0 ? nothing : x + pixel * in_;
      });
      winograd_kernels().transform_input(pixels.data(), in_, {values + (t - from) * in_, values_plane_, kPanel});
    }
  }

  void multiply(const Scalar* values, const Scalar* filters, std::int64_t tiles, Scalar* products) const {
    const std::int64_t plane = filter_plane(in_, out_);
    for (int e = 0; e < kWinogradPlanes; ++e) {
      for (int column = 0; column < out_; column += kPanel) {
        const Scalar* panel = filters + e * plane + static_cast<std::int64_t>(column) * in_;
        block_kernels().multiply({tiles, kPanel, in_, {values + e * values_plane_, in_}, {panel, kPanel}},
                                 {products + e * products_plane_ + column, out_});
      }
    }
  }

  void transform_outputs(const Scalar* products, WinogradEpilogue epilogue, const Scalar* residual, std::int64_t from,
                         std::int64_t to, Scalar* waste, Scalar* y) const {
    std::array<Scalar*, kWinogradOutputPixels> pixels{};
    std::array<const Scalar*, kWinogradOutputPixels> added{};
    if (residual != nullptr) epilogue.residual = added.data();
    for (std::int64_t t = from; t < to; ++t) {
      grid_.for_pixels(t, kWinogradOutput, 0, [&](int place, std::int64_t pixel) {
        pixels[static_cast<std::size_t>(place)] = pixel < 0 ? waste : y + pixel * out_;
        if (residual != nullptr) added[static_cast<std::size_t>(place)] = pixel < 0 ? waste : residual + pixel * out_;
      });
      winograd_kernels().transform_output({products + (t - from) * out_, products_plane_, kPanel}, out_, epilogue,
                                          pixels.data());
    }
  }

  TileGrid grid_;
  int in_, out_;
  std::int64_t values_plane_, products_plane_;
};

/// The gradient of the filters: for each plane the product of all tiles' transformed gradients and inputs.
class FilterGradient {
 public:
  explicit FilterGradient(const ConvShape& s) : s_(s), grid_(grid_of(s)) {
    const std::int64_t bytes =
        kWinogradPlanes * (s.in_channels + s.out_channels) * static_cast<std::int64_t>(sizeof(Scalar));
    group_ = std::min(grid_.tiles(), std::max<std::int64_t>(kBlockTiles, kGroupBytes / bytes));
    values_plane_ = group_ * s.in_channels + kApart;
    gradients_plane_ = group_ * s.out_channels + kApart;
  }

  std::int64_t memory() const { return kWinogradPlanes * (values_plane_ + gradients_plane_); }

  void run(const Scalar* x, const Scalar* dy, Scalar* dw) const {
    const Scalar* nothing = shared_room(Room::Nothing, std::max(s_.in_channels, s_.out_channels));
    Scalar *values = shared_room(Room::Values, memory()), *gradients = values + kWinogradPlanes * values_plane_;
    Scalar* planes = shared_room(Room::Filters, filter_values(s_.in_channels, s_.out_channels));
    for (std::int64_t from = 0; from < grid_.tiles(); from += group_) {
      const std::int64_t tiles = std::min(group_, grid_.tiles() - from);
      parallel_for(tiles, [&](std::int64_t t) { transform(x, dy, nothing, from + t, t, values, gradients); });
      multiply(values, gradients, tiles, from == 0, planes);
    }
    const std::int64_t plane = filter_plane(s_.in_channels, s_.out_channels);
    parallel_for(s_.out_channels, [&](std::int64_t o) {
      winograd_kernels().transform_filter_gradient({planes + o * s_.in_channels, plane, kPanel}, s_.in_channels,
                                                   dw + o * 9 * s_.in_channels, s_.in_channels);
    });
  }

 private:
  /// Panels [channels / 32][group][32] in each plane.
  void transform(const Scalar* x, const Scalar* dy, const Scalar* nothing, std::int64_t tile,
                 std::int64_t place_in_group, Scalar* values, Scalar* gradients) const {
    std::array<const Scalar*, kWinogradPlanes> inputs{};
    grid_.for_pixels(tile, kWinogradInput, 1, [&](int place, std::int64_t pixel) {
      inputs[static_cast<std::size_t>(place)] = pixel < 0 ? nothing : x + pixel * s_.in_channels;
    });
    winograd_kernels().transform_input(inputs.data(), s_.in_channels,
                                       {values + place_in_group * kPanel, values_plane_, group_ * kPanel});
    std::array<const Scalar*, kWinogradOutputPixels> outputs{};
    grid_.for_pixels(tile, kWinogradOutput, 0, [&](int place, std::int64_t pixel) {
      outputs[static_cast<std::size_t>(place)] = pixel < 0 ? nothing : dy + pixel * s_.out_channels;
    });
    winograd_kernels().transform_gradient(outputs.data(), s_.out_channels,
                                          {gradients + place_in_group * kPanel, gradients_plane_, group_ * kPanel});
  }

  /// planes [out, in] each.
  void multiply(const Scalar* values, const Scalar* gradients, std::int64_t tiles, bool first, Scalar* planes) const {
    const std::int64_t panels = s_.out_channels / kPanel, plane = filter_plane(s_.in_channels, s_.out_channels);
    parallel_for(kWinogradPlanes * panels, [&](std::int64_t task) {
      const std::int64_t e = task / panels, o = task % panels;
      Scalar* to = planes + e * plane + o * kPanel * s_.in_channels;
      if (first) std::fill_n(to, static_cast<std::int64_t>(kPanel) * s_.in_channels, Scalar(0));
      const Scalar* a = gradients + e * gradients_plane_ + o * group_ * kPanel;
      for (int i = 0; i < s_.in_channels; i += kPanel) {
        const Scalar* b = values + e * values_plane_ + i * group_;
        block_kernels().multiply_accumulate_transposed({kPanel, kPanel, tiles, {a, kPanel}, {b, kPanel}},
                                                       {to + i, s_.in_channels});
      }
    });
  }

  ConvShape s_;
  TileGrid grid_;
  std::int64_t group_, values_plane_, gradients_plane_;
};

class WinogradConvolution final : public Convolution {
 public:
  explicit WinogradConvolution(const ConvShape& s)
      : s_(s),
        forward_(grid_of(s), s.in_channels, s.out_channels),
        backward_(grid_of(s), s.out_channels, s.in_channels),
        filter_gradient_(s) {
    shared_room(Room::Filters, filter_values(s.in_channels, s.out_channels));
    shared_room(Room::Values, std::max({forward_.memory(), backward_.memory(), filter_gradient_.memory()}));
  }

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override {
    Scalar* filters = shared_room(Room::Filters, filter_values(s_.in_channels, s_.out_channels));
    transform_filters(s_, w.data(), filters);
    forward_.run(x.data(), filters, nullptr, nullptr, Activation::None, y.data());
  }
  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override {
    Scalar* filters = shared_room(Room::Filters, filter_values(s_.in_channels, s_.out_channels));
    transform_turned_filters(s_, w.data(), filters);
    backward_.run(dy.data(), filters, nullptr, nullptr, Activation::None, dx.data());
  }
  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override {
    filter_gradient_.run(x.data(), dy.data(), dw.data());
  }

 private:
  ConvShape s_;
  Blocks forward_, backward_;
  FilterGradient filter_gradient_;
};

class FusedWinogradConvolution final : public FusedConvolution {
 public:
  FusedWinogradConvolution(const ConvShape& s, std::span<const Scalar> weight, std::span<const Scalar> bias,
                           Activation activation, bool with_residual)
      : blocks_(grid_of(s), s.in_channels, s.out_channels),
        filters_(count(filter_values(s.in_channels, s.out_channels))),
        bias_(bias.begin(), bias.end()),
        activation_(activation),
        with_residual_(with_residual) {
    transform_filters(s, weight.data(), filters_.data());
    shared_room(Room::Values, blocks_.memory());
  }

  void run(std::span<const Scalar> x, std::span<const Scalar> residual, std::span<Scalar> y) override {
    blocks_.run(x.data(), filters_.data(), bias_.data(), with_residual_ ? residual.data() : nullptr, activation_,
                y.data());
  }

 private:
  Blocks blocks_;
  std::vector<Scalar> filters_, bias_;
  Activation activation_;
  bool with_residual_;
};

void require_winograd(const ConvShape& shape) {
  if (!winograd_pays(shape)) {
    throw ShapeError("Winograd convolution", shape.describe(), "one that winograd_pays() says yes to");
  }
}

}  // namespace

bool winograd_pays(const ConvShape& s) {
  if (s.kernel != 3 || s.stride != 1 || s.padding != 1 || s.depthwise) return false;
  if (s.in_channels % kPanel != 0 || s.out_channels % kPanel != 0) return false;
  constexpr double kSaved = 4, kWorthwhile = 2;  // times the products; the transforms cost, too
  const double used = static_cast<double>(s.in_height) * s.in_width * s.batch /
                      static_cast<double>(grid_of(s).tiles() * kWinogradOutputPixels);
  return kSaved * used >= kWorthwhile;
}

std::unique_ptr<Convolution> winograd_convolution(const ConvShape& shape) {
  require_winograd(shape);
  return std::make_unique<WinogradConvolution>(shape);
}

std::unique_ptr<FusedConvolution> fused_winograd_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                             std::span<const Scalar> bias, Activation activation,
                                                             bool with_residual) {
  require_winograd(shape);
  return std::make_unique<FusedWinogradConvolution>(shape, weight, bias, activation, with_residual);
}

}  // namespace dermdistill
