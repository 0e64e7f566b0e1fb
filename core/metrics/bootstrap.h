// Confidence intervals by resampling lesions with replacement (Efron's percentile bootstrap).
// Images of one lesion are not independent; resampling images would make every interval too narrow.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermdistill {

/// A value and its confidence interval. The bounds are NaN where the data cannot give them: see percentile_interval.
/// The bootstrap distribution of some metrics (the calibration error above all) is shifted, so that `value` may lie
/// outside.
struct Interval {
  double value = 0, low = 0, high = 0;
  bool has_bounds() const { return low == low && high == high; }
};

/// Draws lesions with replacement. Sample `s` depends on the seed and `s` alone, so threads may draw in any order.
class GroupResampler {
 public:
  /// `groups` holds the lesion of every image, any integers.
  GroupResampler(std::span<const int> groups, std::uint64_t seed);

  int group_count() const { return group_count_; }
  int image_count() const { return static_cast<int>(group_of_image_.size()); }

  /// Writes how often every image occurs in sample `sample`. @param group_counts scratch of group_count() entries.
  void draw(std::uint64_t sample, std::span<std::uint32_t> group_counts, std::span<std::uint32_t> image_counts) const;

 private:
  std::vector<int> group_of_image_;  // renumbered 0, 1, ... by first appearance
  int group_count_ = 0;
  std::uint64_t seed_;
};

/// The percentile interval of bootstrap values, linear between order statistics as numpy.percentile does it.
/// NaN among `samples` marks resamples in which the metric was not defined (its class was not drawn). Where that is
/// more than a fifth of them, one lesion decides the metric, and no bounds are given.
/// @param samples reordered by this function.
Interval percentile_interval(double value, std::span<double> samples, double confidence);

}  // namespace dermdistill
