#include "core/metrics/bootstrap.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/error.h"

using namespace dermdistill;

TEST_CASE("a lesion is drawn whole, and as many lesions as there are") {
  const std::vector<int> groups = {7, 3, 7, 9, 3, 3};
  const GroupResampler resampler(groups, 5);
  REQUIRE(resampler.group_count() == 3);
  std::vector<std::uint32_t> group_counts(3), image_counts(6);
  std::vector<int> drawn(3);
  for (std::uint64_t sample = 0; sample < 3000; ++sample) {
    resampler.draw(sample, group_counts, image_counts);
    REQUIRE(std::accumulate(group_counts.begin(), group_counts.end(), 0u) == 3);
    REQUIRE(image_counts[0] == image_counts[2]);
    REQUIRE(image_counts[1] == image_counts[4]);
    REQUIRE(image_counts[1] == image_counts[5]);
    for (int g = 0; g < 3; ++g) drawn[g] += static_cast<int>(group_counts[g]);
  }
  for (const int count : drawn) CHECK(count == Approx(3000).epsilon(0.05));
}

TEST_CASE("a sample depends on its number and the seed alone") {
  const std::vector<int> groups = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<std::uint32_t> scratch(10), first(10), again(10), other(10);
  const GroupResampler resampler(groups, 5);
  resampler.draw(42, scratch, first);
  resampler.draw(7, scratch, other);
  resampler.draw(42, scratch, again);
  CHECK(first == again);
  CHECK(first != other);
  GroupResampler(groups, 6).draw(42, scratch, other);
  CHECK(first != other);
  CHECK_THROWS_AS(GroupResampler({}, 1), InputError);
}

TEST_CASE("percentiles lie between order statistics as numpy computes them") {
  std::vector<double> samples = {9, 1, 4, 16, 25, 0, 36};  // numpy.percentile(..., [2.5, 97.5]) = 0.15, 34.35
  const Interval interval = percentile_interval(10, samples, 0.95);
  CHECK(interval.value == 10);
  CHECK(interval.low == Approx(0.15));
  CHECK(interval.high == Approx(34.35));
  CHECK(interval.has_bounds());
}

TEST_CASE("a metric that many resamples cannot give has no bounds") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> few = {0.5, none, 0.6, none, 0.7};
  CHECK_FALSE(percentile_interval(0.6, few, 0.95).has_bounds());
  CHECK(percentile_interval(0.6, few, 0.95).value == 0.6);
  std::vector<double> most = {0.5, none, 0.6, 0.7, 0.65, 0.55};
  CHECK(percentile_interval(0.6, most, 0.95).has_bounds());
  CHECK_FALSE(percentile_interval(0.6, {}, 0.95).has_bounds());
}
