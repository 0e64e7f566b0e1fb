// The transforms of Winograd's F(4x4, 3x3) (Lavin and Gray 2016, arXiv 1509.09308): a tile of 4 x 4 outputs of a 3x3
// convolution from 36 products instead of 144. Vectorised over channels, one table of functions an instruction set.
#pragma once

#include <cstdint>

#include "core/nn/backend.h"
#include "core/nn/panels.h"

namespace dermdistill {

constexpr int kWinogradOutput = 4;                                // side of a tile's outputs
constexpr int kWinogradInput = kWinogradOutput + 2;               // of the inputs that they need
constexpr int kWinogradPlanes = kWinogradInput * kWinogradInput;  // products a tile, channel pairs aside
constexpr int kWinogradOutputPixels = kWinogradOutput * kWinogradOutput;

/// Where a tile's transformed values go, channels being multiples of a panel: channel c of plane e is at data + e *
/// plane + (c / 32) * panel + c % 32.
struct WinogradTile {
  Scalar* data;
  std::int64_t plane, panel;
};
struct ConstWinogradTile {
  const Scalar* data;
  std::int64_t plane, panel;
};

/// What inference adds to a tile of outputs before it activates them.
struct WinogradEpilogue {
  const Scalar* bias;             // [channels] or null
  const Scalar* const* residual;  // a pixel each like the output's, or null
  Activation activation;
};

struct WinogradKernels {
  /// B' d B of 6 x 6 input pixels [channels].
  void (*transform_input)(const Scalar* const* pixels, int channels, WinogradTile to);
  /// A' m A: 4 x 4 output pixels [channels].
  void (*transform_output)(ConstWinogradTile from, int channels, const WinogradEpilogue& epilogue,
                           Scalar* const* pixels);
  /// A dy A' of the gradients of 4 x 4 output pixels.
  void (*transform_gradient)(const Scalar* const* pixels, int channels, WinogradTile to);
  /// G w G' of 3 x 3 taps [channels], `tap` apart; `flipped` takes them from the last to the first.
  void (*transform_filter)(const Scalar* taps, std::int64_t tap, bool flipped, int channels, WinogradTile to);
  /// G' du G, the gradient of the taps.
  void (*transform_filter_gradient)(ConstWinogradTile from, int channels, Scalar* taps, std::int64_t tap);
};

/// The table for this processor, chosen once.
const WinogradKernels& winograd_kernels();

}  // namespace dermdistill
