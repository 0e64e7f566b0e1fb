#include "core/nn/winograd_filters.h"

#include "core/nn/panels.h"
#include "core/nn/winograd_kernels.h"

namespace dermdistill {
namespace {
constexpr std::int64_t kSquare = kPanel * kPanel;
}

std::int64_t filter_square_values() { return kWinogradPlanes * kSquare; }

void transform_filter_panel(const ConvShape& s, const Scalar* w, std::int64_t panel, Scalar* square, Scalar* to,
                            std::int64_t plane) {
  for (std::int64_t first = 0; first < s.in_channels; first += kPanel) {
    for (int o = 0; o < kPanel; ++o) {
      const Scalar* taps = w + (panel * kPanel + o) * 9 * s.in_channels + first;
      winograd_kernels().transform_filter(taps, s.in_channels, false, kPanel, {square + o * kPanel, kSquare, kPanel});
    }
    for (int e = 0; e < kWinogradPlanes; ++e) {
      transpose_square(square + e * kSquare, kPanel, to + e * plane + first * kPanel, kPanel);
    }
  }
}

void transform_turned_filter_panel(const ConvShape& s, const Scalar* w, std::int64_t panel, Scalar* to,
                                   std::int64_t plane) {
  for (std::int64_t o = 0; o < s.out_channels; ++o) {
    winograd_kernels().transform_filter(w + o * 9 * s.in_channels + panel * kPanel, s.in_channels, true, kPanel,
                                        {to + o * kPanel, plane, kPanel});
  }
}

}  // namespace dermdistill
