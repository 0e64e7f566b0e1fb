#include "core/nn/winograd_gradient.h"

#include <algorithm>
#include <array>

#include "core/base/parallel.h"
#include "core/nn/block_kernels.h"
#include "core/nn/shared_room.h"

namespace dermdistill {
namespace {
constexpr std::int64_t kGroupBytes = 8 << 20;    // of transformed tiles whose products are added up in one go
constexpr std::int64_t kSingleBytes = 20 << 20;  // if that is all of them
constexpr std::int64_t kFewestTiles = 48;
}  // namespace

WinogradFilterGradient::WinogradFilterGradient(const ConvShape& s) : s_(s), grid_(grid_of(s)) {
  const std::int64_t bytes =
      kWinogradPlanes * (s.in_channels + s.out_channels) * static_cast<std::int64_t>(sizeof(Scalar));
  group_ = grid_.tiles();
  if (group_ * bytes > kSingleBytes) group_ = std::min(group_, std::max(kFewestTiles, kGroupBytes / bytes));
  values_plane_ = group_ * s.in_channels + kWinogradApart;
  gradients_plane_ = group_ * s.out_channels + kWinogradApart;
}

WinogradFilterGradient::Packed WinogradFilterGradient::packed() const {
  Scalar* values = shared_room(Room::Values, kWinogradPlanes * (values_plane_ + gradients_plane_));
  return {values, values + kWinogradPlanes * values_plane_};
}

/// Planes [out, in], or of a panel of outputs for each thread where there is a single group.
Scalar* WinogradFilterGradient::planes() const {
  const std::int64_t rows =
      group_ == grid_.tiles() ? static_cast<std::int64_t>(thread_count()) * kPanel : s_.out_channels;
  return shared_room(Room::Filters, kWinogradPlanes * (rows * s_.in_channels + thread_count() * kWinogradApart));
}

void WinogradFilterGradient::reserve() const {
  packed();
  planes();
  shared_room(Room::Nothing, std::max(s_.in_channels, s_.out_channels));
}

void WinogradFilterGradient::run(const Scalar* x, const Scalar* dy, Scalar* dw) const {
  const Scalar* nothing = shared_room(Room::Nothing, std::max(s_.in_channels, s_.out_channels));
  const Packed tiles = packed();
  Scalar* const products = planes();
  const std::int64_t panels = s_.out_channels / kPanel, panel_size = static_cast<std::int64_t>(kPanel) * s_.in_channels;
  const auto transform_back = [&](const Scalar* from, std::int64_t plane, std::int64_t o) {
    winograd_kernels().transform_filter_gradient({from, plane, kPanel}, s_.in_channels, dw + o * 9 * s_.in_channels,
                                                 s_.in_channels);
  };
  if (group_ == grid_.tiles()) {  // a panel's products are transformed back while they are in the cache
    parallel_for(group_, [&](std::int64_t t) { transform(x, dy, nothing, t, t, tiles); });
    const std::int64_t plane = panel_size + kWinogradApart;
    parallel_parts([&](int part, int parts) {
      Scalar* own = products + part * kWinogradPlanes * plane;
      const auto [first, last] = slice_of(panels, part, parts);
      for (std::int64_t panel = first; panel < last; ++panel) {
        for (int e = 0; e < kWinogradPlanes; ++e) multiply(tiles, group_, e, panel, true, own + e * plane);
        for (int o = 0; o < kPanel; ++o) transform_back(own + o * s_.in_channels, plane, panel * kPanel + o);
      }
    });
    return;
  }
  const std::int64_t plane = panels * panel_size + kWinogradApart;
  for (std::int64_t from = 0; from < grid_.tiles(); from += group_) {
    const std::int64_t count = std::min(group_, grid_.tiles() - from);
    parallel_for(count, [&](std::int64_t t) { transform(x, dy, nothing, from + t, t, tiles); });
    parallel_for(kWinogradPlanes * panels, [&](std::int64_t task) {
      const std::int64_t e = task / panels, panel = task % panels;
      multiply(tiles, count, static_cast<int>(e), panel, from == 0, products + e * plane + panel * panel_size);
    });
  }
  parallel_for(s_.out_channels, [&](std::int64_t o) { transform_back(products + o * s_.in_channels, plane, o); });
}

/// Panels [channels / 32][group][32] in each plane.
void WinogradFilterGradient::transform(const Scalar* x, const Scalar* dy, const Scalar* nothing, std::int64_t tile,
                                       std::int64_t place, Packed to) const {
  std::array<const Scalar*, kWinogradPlanes> inputs{};
  grid_.for_pixels(tile, kWinogradInput, 1, [&](int i, std::int64_t pixel) {
    inputs[static_cast<std::size_t>(i)] = pixel < 0 ? nothing : x + pixel * s_.in_channels;
  });
  winograd_kernels().transform_input(inputs.data(), s_.in_channels,
                                     {to.values + place * kPanel, values_plane_, group_ * kPanel});
  std::array<const Scalar*, kWinogradOutputPixels> outputs{};
  grid_.for_pixels(tile, kWinogradOutput, 0, [&](int i, std::int64_t pixel) {
    outputs[static_cast<std::size_t>(i)] = pixel < 0 ? nothing : dy + pixel * s_.out_channels;
  });
  winograd_kernels().transform_gradient(outputs.data(), s_.out_channels,
                                        {to.gradients + place * kPanel, gradients_plane_, group_ * kPanel});
}

/// Rows of one panel of outputs in plane e: to [32, in].
void WinogradFilterGradient::multiply(Packed from, std::int64_t tiles, int e, std::int64_t panel, bool first,
                                      Scalar* to) const {
  if (first) std::fill_n(to, static_cast<std::int64_t>(kPanel) * s_.in_channels, Scalar(0));
  const Scalar* a = from.gradients + e * gradients_plane_ + panel * group_ * kPanel;
  for (int i = 0; i < s_.in_channels; i += kPanel) {
    const Scalar* b = from.values + e * values_plane_ + i * group_;
    block_kernels().multiply_accumulate_transposed({kPanel, kPanel, tiles, {a, kPanel}, {b, kPanel}},
                                                   {to + i, s_.in_channels});
  }
}

}  // namespace dermdistill
