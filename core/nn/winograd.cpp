#include "core/nn/winograd.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/large_vector.h"
#include "core/base/parallel.h"
#include "core/nn/block_kernels.h"
#include "core/nn/panels.h"
#include "core/nn/shared_room.h"
#include "core/nn/winograd_filters.h"
#include "core/nn/winograd_gradient.h"
#include "core/nn/winograd_kernels.h"
#include "core/nn/winograd_tiles.h"

namespace dermdistill {
namespace {

constexpr std::int64_t kBlockTiles = 24;  // whole tiles of rows of the product kernels
// Filters that leave the cache are transformed panel by panel and used at once, if all tiles' inputs stay there
// instead.
constexpr std::int64_t kManyFilters = 16 << 20, kFewTiles = 24 << 20;  // bytes

std::size_t count(std::int64_t values) { return static_cast<std::size_t>(values); }
std::int64_t bytes(std::int64_t values) { return values * static_cast<std::int64_t>(sizeof(Scalar)); }

std::int64_t filter_plane(int in, int out) { return static_cast<std::int64_t>(in) * out + kWinogradApart; }
std::int64_t filter_values(int in, int out) { return kWinogradPlanes * filter_plane(in, out); }

/// w [out, 3, 3, in] to planes [out / 32][in][32].
void transform_filters(const ConvShape& s, const Scalar* w, Scalar* filters) {
  parallel_for(s.out_channels / kPanel, [&](std::int64_t panel) {
    Scalar* square = shared_room(Room::Values, filter_square_values());  // this thread's own
    transform_filter_panel(s, w, panel, square, filters + panel * kPanel * s.in_channels,
                           filter_plane(s.in_channels, s.out_channels));
  });
}

/// The same of the gradient of the input, to planes [in / 32][out][32].
void transform_turned_filters(const ConvShape& s, const Scalar* w, Scalar* filters) {
  parallel_for(s.in_channels / kPanel, [&](std::int64_t panel) {
    transform_turned_filter_panel(s, w, panel, filters + panel * kPanel * s.out_channels,
                                  filter_plane(s.out_channels, s.in_channels));
  });
}

void transform_tile_input(const TileGrid& grid, const Scalar* x, int channels, const Scalar* nothing, std::int64_t tile,
                          WinogradTile to) {
  std::array<const Scalar*, kWinogradPlanes> pixels{};
  grid.for_pixels(tile, kWinogradInput, 1, [&](int place, std::int64_t pixel) {
    pixels[static_cast<std::size_t>(place)] = pixel < 0 ? nothing : x + pixel * channels;
  });
  winograd_kernels().transform_input(pixels.data(), channels, to);
}

/// y's and residual's pixels are `stride` apart.
void transform_tile_output(const TileGrid& grid, ConstWinogradTile from, int channels, int stride,
                           WinogradEpilogue epilogue, const Scalar* residual, std::int64_t tile, Scalar* waste,
                           Scalar* y) {
  std::array<Scalar*, kWinogradOutputPixels> pixels{};
  std::array<const Scalar*, kWinogradOutputPixels> added{};
  grid.for_pixels(tile, kWinogradOutput, 0, [&](int place, std::int64_t pixel) {
    const auto i = static_cast<std::size_t>(place);
    pixels[i] = pixel < 0 ? waste : y + pixel * stride;
    if (residual != nullptr) added[i] = pixel < 0 ? waste : residual + pixel * stride;
  });
  if (residual != nullptr) epilogue.residual = added.data();
  winograd_kernels().transform_output(from, channels, epilogue, pixels.data());
}

/// A convolution's work on one block of tiles, in memory of a thread's own.
class Blocks {
 public:
  Blocks(const TileGrid& grid, int in, int out)
      : grid_(grid),
        in_(in),
        out_(out),
        values_plane_(kBlockTiles * in + kWinogradApart),
        products_plane_(kBlockTiles * out + kWinogradApart) {}

  std::int64_t memory() const { return thread_count() * own_memory(); }

  /// y = conv(x) with transformed filters; residual like y, or null.
  void run(const Scalar* x, const Scalar* filters, const Scalar* bias, const Scalar* residual, Activation activation,
           Scalar* y) const {
    Scalar* memory = shared_room(Room::Values, this->memory());
    const Scalar* nothing = shared_room(Room::Nothing, in_);
    Scalar* waste = shared_room(Room::Waste, static_cast<std::int64_t>(thread_count()) * out_);
    parallel_parts([&](int part, int parts) {
      const auto [first, last] = slice_of(grid_.tiles(), part, parts);
      const std::int64_t blocks = (last - first + kBlockTiles - 1) / kBlockTiles;
      Scalar *values = memory + part * own_memory(), *products = values + kWinogradPlanes * values_plane_;
      for (std::int64_t b = 0; b < blocks; ++b) {
        const std::int64_t from = first + (last - first) * b / blocks, to = first + (last - first) * (b + 1) / blocks;
        for (std::int64_t t = from; t < to; ++t) {
          transform_tile_input(grid_, x, in_, nothing, t, {values + (t - from) * in_, values_plane_, kPanel});
        }
        multiply(values, filters, to - from, products);
        for (std::int64_t t = from; t < to; ++t) {
          transform_tile_output(grid_, {products + (t - from) * out_, products_plane_, kPanel}, out_, out_,
                                {bias, nullptr, activation}, residual, t, waste + part * out_, y);
        }
      }
    });
  }

 private:
  std::int64_t own_memory() const { return kWinogradPlanes * (values_plane_ + products_plane_) + kWinogradApart; }

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

  TileGrid grid_;
  int in_, out_;
  std::int64_t values_plane_, products_plane_;
};

/// The same work for many filters and few tiles: first all tiles' inputs, then panel by panel of outputs.
class Panelwise {
 public:
  Panelwise(const TileGrid& grid, int in, int out)
      : grid_(grid), in_(in), out_(out), values_plane_(grid.tiles() * in + kWinogradApart) {}

  bool pays() const {
    return bytes(filter_values(in_, out_)) > kManyFilters && bytes(kWinogradPlanes * values_plane_) <= kFewTiles;
  }
  void reserve() const {
    shared_room(Room::Values, kWinogradPlanes * values_plane_);
    shared_room(Room::Filters, thread_count() * own_memory());
  }

  /// transform_panel(panel, square, to, plane) gives the filters of 32 outputs.
  template <typename TransformPanel>
  void run(const Scalar* x, TransformPanel&& transform_panel, Scalar* y) const {
    Scalar* values = shared_room(Room::Values, kWinogradPlanes * values_plane_);
    const Scalar* nothing = shared_room(Room::Nothing, in_);
    parallel_for(grid_.tiles(), [&](std::int64_t t) {
      transform_tile_input(grid_, x, in_, nothing, t, {values + t * in_, values_plane_, kPanel});
    });
    Scalar* memory = shared_room(Room::Filters, thread_count() * own_memory());
    Scalar* waste = shared_room(Room::Waste, static_cast<std::int64_t>(thread_count()) * kPanel);
    parallel_parts([&](int part, int parts) {
      Scalar *filters = memory + part * own_memory(), *products = filters + kWinogradPlanes * filter_plane(in_, kPanel),
             *square = products + kWinogradPlanes * products_plane();
      const auto [first, last] = slice_of(out_ / kPanel, part, parts);
      for (std::int64_t panel = first; panel < last; ++panel) {
        transform_panel(panel, square, filters, filter_plane(in_, kPanel));
        for (int e = 0; e < kWinogradPlanes; ++e) {
          block_kernels().multiply({grid_.tiles(),
                                    kPanel,
                                    in_,
                                    {values + e * values_plane_, in_},
                                    {filters + e * filter_plane(in_, kPanel), kPanel}},
                                   {products + e * products_plane(), kPanel});
        }
        for (std::int64_t t = 0; t < grid_.tiles(); ++t) {
          transform_tile_output(grid_, {products + t * kPanel, products_plane(), kPanel}, kPanel, out_,
                                {nullptr, nullptr, Activation::None}, nullptr, t, waste + part * kPanel,
                                y + panel * kPanel);
        }
      }
    });
  }

 private:
  std::int64_t products_plane() const { return grid_.tiles() * kPanel + kWinogradApart; }
  std::int64_t own_memory() const {
    return kWinogradPlanes * (filter_plane(in_, kPanel) + products_plane()) + filter_square_values() + kWinogradApart;
  }

  TileGrid grid_;
  int in_, out_;
  std::int64_t values_plane_;
};

class WinogradConvolution final : public Convolution {
 public:
  explicit WinogradConvolution(const ConvShape& s)
      : s_(s),
        forward_(grid_of(s), s.in_channels, s.out_channels),
        backward_(grid_of(s), s.out_channels, s.in_channels),
        forward_panelwise_(grid_of(s), s.in_channels, s.out_channels),
        backward_panelwise_(grid_of(s), s.out_channels, s.in_channels),
        filter_gradient_(s) {
    // Now rather than within a step.
    if (forward_panelwise_.pays()) forward_panelwise_.reserve();
    if (backward_panelwise_.pays()) backward_panelwise_.reserve();
    shared_room(Room::Filters, filters());
    shared_room(Room::Values, std::max(forward_.memory(), backward_.memory()));
    shared_room(Room::Waste, static_cast<std::int64_t>(thread_count()) * std::max(s.in_channels, s.out_channels));
    filter_gradient_.reserve();
  }

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override {
    if (forward_panelwise_.pays()) {
      const auto panel = [&](std::int64_t p, Scalar* square, Scalar* to, std::int64_t plane) {
        transform_filter_panel(s_, w.data(), p, square, to, plane);
      };
      return forward_panelwise_.run(x.data(), panel, y.data());
    }
    Scalar* transformed = shared_room(Room::Filters, filters());
    transform_filters(s_, w.data(), transformed);
    forward_.run(x.data(), transformed, nullptr, nullptr, Activation::None, y.data());
  }

  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override {
    if (backward_panelwise_.pays()) {
      const auto panel = [&](std::int64_t p, Scalar*, Scalar* to, std::int64_t plane) {
        transform_turned_filter_panel(s_, w.data(), p, to, plane);
      };
      return backward_panelwise_.run(dy.data(), panel, dx.data());
    }
    Scalar* transformed = shared_room(Room::Filters, filters());
    transform_turned_filters(s_, w.data(), transformed);
    backward_.run(dy.data(), transformed, nullptr, nullptr, Activation::None, dx.data());
  }

  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override {
    filter_gradient_.run(x.data(), dy.data(), dw.data());
  }

 private:
  std::int64_t filters() const {
    return forward_panelwise_.pays() && backward_panelwise_.pays() ? 0 : filter_values(s_.in_channels, s_.out_channels);
  }

  ConvShape s_;
  Blocks forward_, backward_;
  Panelwise forward_panelwise_, backward_panelwise_;
  WinogradFilterGradient filter_gradient_;
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
  LargeVector<Scalar> filters_;
  std::vector<Scalar> bias_;
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
