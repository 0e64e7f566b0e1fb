#include "native/audit/subgroups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include <catch2/catch.hpp>

#include "native/train/scoring.h"
#include "tests/audit/audited.h"
#include "tests/onnx/test_models.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

constexpr int kClasses = 8;

/// Guesses that are better than chance.
Predictions better_than_chance(const Dataset& dataset) { return to_predictions(guesses(dataset, 1.0), dataset, 1.0); }

const Grouping& grouping(const SubgroupReport& report, const std::string& name) {
  const auto found = std::find_if(report.groupings.begin(), report.groupings.end(),
                                  [&](const Grouping& one) { return one.name == name; });
  REQUIRE(found != report.groupings.end());
  return *found;
}

void check_equal(const std::optional<Interval>& a, const std::optional<Interval>& b) {
  REQUIRE(a.has_value() == b.has_value());
  if (!a) return;
  CHECK(a->value == b->value);
  CHECK(a->has_bounds() == b->has_bounds());
  if (a->has_bounds()) CHECK(std::pair(a->low, a->high) == std::pair(b->low, b->high));
}

}  // namespace

TEST_CASE("figures of a group are those of its images alone") {
  Dataset dataset = audited_data();
  for (std::size_t i = 0; i < dataset.samples.size(); ++i)
    dataset.samples[i].sex = i < 6 ? "" : i % 2 == 0 ? "female" : "male";
  const Predictions predictions = better_than_chance(dataset);
  ModelCard card = test_card(kSmallNetwork, 32);
  card.operating_points = {{"MEL", 0.2, 0.9, 0.5}, {"malignant", 0.4, 0.9, 0.5}};
  SubgroupOptions options;
  options.bootstrap_samples = 40;
  options.seed = 3;
  const SubgroupReport report = compare_subgroups(card, dataset, predictions, options);
  CHECK(report.all.images == 80);
  REQUIRE(report.all.metrics);

  int compared = 0;
  for (const Subgroup& group : grouping(report, "sex").groups) {
    CAPTURE(group.name);
    // By hand: the rows of this sex.
    Predictions mine;
    mine.classes = predictions.classes;
    std::set<std::string> lesions;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
      const std::string sex = dataset.samples[i].sex.empty() ? "not recorded" : dataset.samples[i].sex;
      if (sex != group.name) continue;
      mine.labels.push_back(predictions.labels[i]);
      mine.groups.push_back(predictions.groups[i]);
      for (std::size_t c = 0; c < kClasses; ++c) mine.probabilities.push_back(predictions.probabilities[i * 8 + c]);
      lesions.insert(dataset.samples[i].lesion);
    }
    CHECK(group.images == static_cast<std::int64_t>(mine.labels.size()));
    CHECK(group.lesions == static_cast<std::int64_t>(lesions.size()));
    CHECK(group.melanomas == std::count(mine.labels.begin(), mine.labels.end(), 0));
    CHECK(group.classes == static_cast<int>(std::set<int>(mine.labels.begin(), mine.labels.end()).size()));
    REQUIRE(group.metrics.has_value() == (mine.labels.size() >= 30));
    if (!group.metrics) continue;
    ++compared;
    MetricOptions expected_options;
    expected_options.bootstrap_samples = 40;
    expected_options.seed = 3;
    expected_options.wanted_sensitivities = {};
    expected_options.given_thresholds = {{"MEL", 0.2}, {"malignant", 0.4}};
    const MetricReport expected = compute_metrics(mine, expected_options);
    check_equal(group.metrics->balanced_accuracy, expected.balanced_accuracy);
    check_equal(group.metrics->accuracy, expected.accuracy);
    check_equal(group.metrics->melanoma_auc, expected.melanoma_auc);
    REQUIRE(group.metrics->operating_points.size() == 2);
    CHECK(group.metrics->operating_points[0].target == "MEL");
    check_equal(group.metrics->operating_points[0].sensitivity, expected.operating_points[0].sensitivity);
    check_equal(group.metrics->operating_points[0].specificity, expected.operating_points[0].specificity);
  }
  CHECK(compared == 2);  // women and men
}

TEST_CASE("every image is in one group of each kind, and small groups are only counted") {
  Dataset dataset = audited_data();
  for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
    Sample& sample = dataset.samples[i];
    sample.age = i < 5 ? 29.9 : i < 40 ? 30 : i < 45 ? 69 : i < 76 ? 70 : std::numeric_limits<double>::quiet_NaN();
    sample.site = i < 30 ? "head/neck" : i < 59 ? "palms/soles" : "";
  }
  SubgroupOptions options;
  options.bootstrap_samples = 0;
  const SubgroupReport report =
      compare_subgroups(test_card(kSmallNetwork, 32), dataset, better_than_chance(dataset), options);
  const auto names_and_counts = [&](const std::string& name) {
    std::vector<std::pair<std::string, std::int64_t>> result;
    for (const Subgroup& group : grouping(report, name).groups) {
      result.emplace_back(group.name, group.images);
      CHECK(group.metrics.has_value() == (group.images >= 30));
      if (group.metrics) CHECK_FALSE(group.metrics->accuracy.has_bounds());
    }
    return result;
  };
  using Groups = std::vector<std::pair<std::string, std::int64_t>>;
  CHECK(names_and_counts("age") ==
        Groups{{"under 30", 5}, {"30 to 49", 35}, {"50 to 69", 5}, {"70 and over", 31}, {"not recorded", 4}});
  CHECK(names_and_counts("body site") == Groups{{"head/neck", 30}, {"palms/soles", 29}, {"not recorded", 21}});
  CHECK(names_and_counts("source").empty());  // made-up pictures come from nowhere
}

TEST_CASE("the source is the metadata's, or the collection that the lesion id names") {
  Sample sample;
  sample.lesion = "HAM_0001";
  CHECK(source_of(sample).empty());  // an image's own id in place of a lesion
  sample.lesion_known = true;
  CHECK(source_of(sample) == "HAM10000");
  sample.lesion = "BCN_0001";
  CHECK(source_of(sample) == "BCN_20000");
  sample.lesion = "MSK4_0001";
  CHECK(source_of(sample) == "MSK");
  sample.lesion = "L1";
  CHECK(source_of(sample).empty());
  sample.lesion = "HAM_0001";
  sample.source = "rosendahl";
  CHECK(source_of(sample) == "rosendahl");
}

TEST_CASE("predictions that do not belong to the images are refused") {
  const Predictions predictions = better_than_chance(audited_data());
  Dataset fewer = audited_data();
  fewer.samples.pop_back();
  CHECK_THAT(thrown_by([&] { compare_subgroups(test_card(kSmallNetwork, 32), fewer, predictions); }),
             Contains("predictions of groups: 80 of them") && Contains("79 images"));
}
