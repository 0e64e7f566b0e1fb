#include "core/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/error.h"
#include "core/base/random.h"

namespace dermdistill {
namespace {

constexpr double kLeastDefinedShare = 0.8;

double percentile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

GroupResampler::GroupResampler(std::span<const int> groups, std::uint64_t seed) : seed_(seed) {
  if (groups.empty()) throw InputError("bootstrap", "no images", "at least one");
  std::map<int, int> number;
  group_of_image_.reserve(groups.size());
  for (const int group : groups) {
    group_of_image_.push_back(number.try_emplace(group, static_cast<int>(number.size())).first->second);
  }
  group_count_ = static_cast<int>(number.size());
}

void GroupResampler::draw(std::uint64_t sample, std::span<std::uint32_t> group_counts,
                          std::span<std::uint32_t> image_counts) const {
  std::fill(group_counts.begin(), group_counts.end(), 0u);
  Random random(seed_, sample);
  const auto groups = static_cast<std::uint64_t>(group_count_);
  for (std::uint64_t i = 0; i < groups; ++i) ++group_counts[random.below(groups)];
  for (std::size_t i = 0; i < group_of_image_.size(); ++i) {
    image_counts[i] = group_counts[static_cast<std::size_t>(group_of_image_[i])];
  }
}

Interval percentile_interval(double value, std::span<double> samples, double confidence) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto end = std::partition(samples.begin(), samples.end(), [](double sample) { return !std::isnan(sample); });
  const auto defined = samples.first(static_cast<std::size_t>(end - samples.begin()));
  if (defined.empty() ||
      static_cast<double>(defined.size()) < kLeastDefinedShare * static_cast<double>(samples.size())) {
    return {value, kNone, kNone};
  }
  std::sort(defined.begin(), defined.end());
  const double tail = (1 - confidence) / 2;
  return {value, percentile(defined, tail), percentile(defined, 1 - tail)};
}

}  // namespace dermdistill
