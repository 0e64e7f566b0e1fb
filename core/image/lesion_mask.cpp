#include "core/image/lesion_mask.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace dermdistill {
namespace {

constexpr int kBlack = 30;             // luminance of a dermatoscope's surround, at most
constexpr double kLeastContrast = 18;  // luminance between the means of the two sides, at least
constexpr double kLeastShare = 0.005;  // smaller parts are hairs, marks and noise

std::vector<std::uint8_t> luminance_bytes(const Image& image) {
  std::vector<std::uint8_t> values(image.rgb.size() / 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t* pixel = &image.rgb[3 * i];
    values[i] = static_cast<std::uint8_t>((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000);
  }
  return values;
}

/// The threshold that parts the histogram best, or -1 when the sides hardly differ.
int otsu_threshold(const std::vector<std::uint8_t>& values) {
  std::array<double, 256> counts{};
  double total = 0, sum = 0;
  for (const std::uint8_t value : values) {
    if (value <= kBlack) continue;
    counts[value] += 1;
    total += 1;
    sum += value;
  }
  double below = 0, sum_below = 0, best = 0, contrast = 0;
  int threshold = -1;
  for (int level = 0; level < 255; ++level) {
    below += counts[static_cast<std::size_t>(level)];
    sum_below += level * counts[static_cast<std::size_t>(level)];
    if (below == 0 || below == total) continue;
    const double difference = (sum - sum_below) / (total - below) - sum_below / below;
    const double between = below * (total - below) * difference * difference;
    if (between > best) {
      best = between;
      threshold = level;
      contrast = difference;
    }
  }
  return contrast >= kLeastContrast ? threshold : -1;
}

/// Marks the largest 4-connected part of `candidates` with 1 and everything else with 0; returns its size.
std::size_t keep_largest(std::vector<std::uint8_t>& candidates, int width, int height) {
  std::vector<int> part(candidates.size(), 0);
  std::vector<int> stack;
  int parts = 0, largest = 0;
  std::size_t largest_size = 0;
  for (std::size_t seed = 0; seed < candidates.size(); ++seed) {
    if (candidates[seed] == 0 || part[seed] != 0) continue;
    ++parts;
    std::size_t size = 0;
    stack.push_back(static_cast<int>(seed));
    part[seed] = parts;
    while (!stack.empty()) {
      const int at = stack.back();
      stack.pop_back();
      ++size;
      const int x = at % width, y = at / width;
      const auto visit = [&](bool inside, int place) {
        if (!inside || candidates[static_cast<std::size_t>(place)] == 0 || part[static_cast<std::size_t>(place)] != 0)
          return;
        part[static_cast<std::size_t>(place)] = parts;
        stack.push_back(place);
      };
      visit(x > 0, at - 1);
      visit(x + 1 < width, at + 1);
      visit(y > 0, at - width);
      visit(y + 1 < height, at + width);
    }
    if (size > largest_size) {
      largest_size = size;
      largest = parts;
    }
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i] = largest != 0 && part[i] == largest ? 1 : 0;
  return largest_size;
}

/// The share of one side, `count` pixels from `first` on at distance `step`, that the lesion covers; 0 of a black side.
double side_share(const LesionMask& mask, const std::vector<std::uint8_t>& values, int first, int step, int count) {
  int seen = 0, touched = 0;
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(first + i * step);
    if (values[at] <= kBlack) continue;
    ++seen;
    touched += mask.inside[at];
  }
  return 2 * seen < count ? 0.0 : static_cast<double>(touched) / seen;
}

}  // namespace

LesionMask find_lesion(const Image& image) {
  LesionMask mask{image.width, image.height, std::vector<std::uint8_t>(image.rgb.size() / 3, 0), 0, 0};
  const std::vector<std::uint8_t> values = luminance_bytes(image);
  const int threshold = otsu_threshold(values);
  if (threshold < 0) return mask;
  for (std::size_t i = 0; i < values.size(); ++i) mask.inside[i] = values[i] > kBlack && values[i] <= threshold ? 1 : 0;
  const std::size_t size = keep_largest(mask.inside, mask.width, mask.height);
  mask.share = static_cast<double>(size) / static_cast<double>(values.size());
  if (mask.share < kLeastShare) {
    std::fill(mask.inside.begin(), mask.inside.end(), std::uint8_t{0});
    mask.share = 0;
    return mask;
  }
  mask.border_share =
      std::max({side_share(mask, values, 0, 1, mask.width), side_share(mask, values, 0, mask.width, mask.height),
                side_share(mask, values, mask.width - 1, mask.width, mask.height),
                side_share(mask, values, (mask.height - 1) * mask.width, 1, mask.width)});
  return mask;
}

}  // namespace dermdistill
