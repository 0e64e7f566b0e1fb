// Is a picture good enough to be judged? Plain measures with thresholds; they say nothing about the lesion itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/image/crop.h"

namespace dermdistill {

enum class QualityWarning { Blurred, TooDark, TooBright, TooSmall, LesionCutOff };

/// "blurred", "too-dark", "too-bright", "too-small", "lesion-cut-off".
std::string to_string(QualityWarning warning);

// Calibrated on 25 full-size pictures and a part of HAM10000: see tests/image/quality_test.cpp for the rates.
inline constexpr int kSharpnessSide = 256;           // longer side at which sharpness is measured
inline constexpr double kLeastSharpness = 0.012;     // below: blurred
inline constexpr double kLeastBrightness = 0.22;     // mean luminance; below: too dark
inline constexpr double kGreatestBrightness = 0.88;  // above: too bright
inline constexpr double kMostClippedDark = 0.40;     // share of pixels at luminance 0.04 or below
inline constexpr double kMostClippedBright = 0.15;   // share of pixels at luminance 0.98 or above
inline constexpr int kLeastSide = 100;               // pixels of the shorter side; below: too small
inline constexpr double kMostBorderTouched = 0.30;   // share of one side that the lesion covers; above: cut off

struct ImageQuality {
  int width = 0, height = 0;  // of what was judged
  double sharpness = 0;       // mean squared Laplacian of luminance, as a share of the luminance's variance
  double brightness = 0;      // mean luminance, 0 to 1
  double clipped_dark = 0;    // shares of pixels
  double clipped_bright = 0;
  double border_touched = 0;  // share of the side that the lesion covers most
  double lesion_share = 0;    // share of the picture that it covers; 0 when nothing stands out
  std::vector<QualityWarning> warnings;
};

/// Of the oriented picture, or a part of it. @throws InputError as check_crop, and for an empty picture.
ImageQuality judge_quality(const Image& image, const std::optional<Rectangle>& part = std::nullopt);

}  // namespace dermdistill
