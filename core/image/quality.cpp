#include "core/image/quality.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/image/lesion_mask.h"
#include "core/image/resize.h"

namespace dermdistill {
namespace {

constexpr int kMaskSide = 128;
constexpr double kClippedDark = 0.04 * 255, kClippedBright = 0.98 * 255;

/// 0 to 255, by the weights of ITU-R BT.601.
std::vector<float> luminance(const Image& image) {
  std::vector<float> values(image.rgb.size() / 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t* pixel = &image.rgb[3 * i];
    values[i] = 0.299F * static_cast<float>(pixel[0]) + 0.587F * static_cast<float>(pixel[1]) +
                0.114F * static_cast<float>(pixel[2]);
  }
  return values;
}

/// Mean squared response of the 4-neighbour Laplacian over the variance. A picture without contrast is not called
/// blurred for that alone: it has none to lose.
double sharpness_of(const std::vector<float>& values, int width, int height) {
  double sum = 0, squares = 0, edges = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto count = static_cast<double>(values.size());
  const double variance = squares / count - sum / count * (sum / count);
  const auto row = static_cast<std::size_t>(width);
  for (int y = 1; y + 1 < height; ++y) {
    for (int x = 1; x + 1 < width; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * row + static_cast<std::size_t>(x);
      const float edge = values[at - 1] + values[at + 1] + values[at - row] + values[at + row] - 4 * values[at];
      edges += static_cast<double>(edge) * static_cast<double>(edge);
    }
  }
  const double inner = static_cast<double>(width - 2) * static_cast<double>(height - 2);
  return variance < 1 ? 1.0 : edges / inner / variance;
}

void add_warnings(ImageQuality& quality) {
  const auto add_if = [&quality](bool holds, QualityWarning warning) {
    if (holds) quality.warnings.push_back(warning);
  };
  add_if(std::min(quality.width, quality.height) < kLeastSide, QualityWarning::TooSmall);
  add_if(quality.sharpness < kLeastSharpness, QualityWarning::Blurred);
  add_if(quality.brightness < kLeastBrightness || quality.clipped_dark > kMostClippedDark, QualityWarning::TooDark);
  add_if(quality.brightness > kGreatestBrightness || quality.clipped_bright > kMostClippedBright,
         QualityWarning::TooBright);
  add_if(quality.border_touched > kMostBorderTouched, QualityWarning::LesionCutOff);
}

}  // namespace

std::string to_string(QualityWarning warning) {
  constexpr std::array kNames{"blurred", "too-dark", "too-bright", "too-small", "lesion-cut-off"};
  return kNames[static_cast<std::size_t>(warning)];
}

ImageQuality judge_quality(const Image& image, const std::optional<Rectangle>& part) {
  if (image.width < 1 || image.height < 1) throw InputError("picture", "it is empty", "at least one pixel");
  const Image cut = part ? crop(image, *part) : Image{};
  const Image& judged = part ? cut : image;
  ImageQuality quality;
  quality.width = judged.width;
  quality.height = judged.height;

  const Image working = shrink_to(judged, kSharpnessSide);
  const std::vector<float> values = luminance(working);
  double sum = 0;
  std::size_t dark = 0, bright = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    dark += static_cast<double>(value) <= kClippedDark;
    bright += static_cast<double>(value) >= kClippedBright;
  }
  const auto count = static_cast<double>(values.size());
  quality.brightness = sum / count / 255;
  quality.clipped_dark = static_cast<double>(dark) / count;
  quality.clipped_bright = static_cast<double>(bright) / count;
  quality.sharpness = sharpness_of(values, working.width, working.height);

  const LesionMask mask = find_lesion(shrink_to(working, kMaskSide));
  quality.lesion_share = mask.share;
  quality.border_touched = mask.border_share;
  add_warnings(quality);
  return quality;
}

}  // namespace dermdistill
