#include "native/audit/robustness.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <catch2/catch.hpp>

#include "core/metrics/metrics.h"
#include "native/audit/disturbances.h"
#include "native/train/scoring.h"
#include "tests/audit/audited.h"
#include "tests/onnx/test_models.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

constexpr int kClasses = 8;
constexpr double kTemperature = 1.3;
constexpr std::uint64_t kSeed = 11;
constexpr int kSamples = 40;

Variation as_variation(const char* name, const Scores& scores) {
  return {name, predicted_classes(scores.logits, kClasses), scores.logits};
}

MetricReport plain_evaluation(const Scores& scores, const Dataset& dataset) {
  MetricOptions options;
  options.seed = kSeed;
  options.bootstrap_samples = kSamples;
  return compute_metrics(to_predictions(scores, dataset, kTemperature), options);
}

void check_equal(const Interval& a, const Interval& b) {
  CHECK(a.value == b.value);
  CHECK(a.low == b.low);
  CHECK(a.high == b.high);
}

void check_unchanged(const DisturbedFigure& figure) { check_equal(figure.change, {0, 0, 0}); }

}  // namespace

TEST_CASE("figures with and without a disturbance are those of a plain evaluation") {
  const Dataset& dataset = audited_data();
  const Scores upright = guesses(dataset, 2), worse = guesses(dataset, 0.5);
  const VariedScores scores{upright, {}, {}, {as_variation("identity", upright), as_variation("worse", worse)}};
  const Robustness result = compare_disturbances(scores, dataset, kTemperature, kSeed, kSamples);
  REQUIRE(result.disturbed.size() == 2);
  CHECK(result.bootstrap_samples == kSamples);
  const MetricReport plain = plain_evaluation(upright, dataset), of_worse = plain_evaluation(worse, dataset);
  check_equal(result.undisturbed.melanoma_auc.value().value, plain.melanoma_auc.value());
  check_equal(result.undisturbed.balanced_accuracy.value, plain.balanced_accuracy);
  check_equal(result.disturbed[1].melanoma_auc.value().value, of_worse.melanoma_auc.value());
  check_equal(result.disturbed[1].balanced_accuracy.value, of_worse.balanced_accuracy);

  const DisturbedFigures& identity = result.disturbed[0];
  check_equal(identity.melanoma_auc.value().value, plain.melanoma_auc.value());
  check_equal(identity.balanced_accuracy.value, plain.balanced_accuracy);
  for (const DisturbedFigures& same : {result.undisturbed, identity}) {
    check_unchanged(same.melanoma_auc.value());
    check_unchanged(same.balanced_accuracy);
  }
  CHECK(result.stability.variations[0].changed == 0);
  CHECK(result.stability.variations[1].changed > 0);

  const DisturbedFigure drop = result.disturbed[1].balanced_accuracy;
  CHECK(drop.change.value == Approx(of_worse.balanced_accuracy.value - plain.balanced_accuracy.value));
  CHECK(drop.change.high < 0);
  CHECK(drop.change.low <= drop.change.value);
}

TEST_CASE("figures of disturbances have no bounds without a bootstrap, and melanoma none without melanomas") {
  Dataset dataset = audited_data();
  for (Sample& sample : dataset.samples) sample.label = std::max(1, sample.label);
  const Scores upright = guesses(dataset, 2);
  const VariedScores scores{upright, {}, {}, {as_variation("identity", upright)}};
  const Robustness result = compare_disturbances(scores, dataset, kTemperature, kSeed, 0);
  CHECK(!result.undisturbed.melanoma_auc);
  CHECK(!result.disturbed[0].melanoma_auc);
  CHECK(!result.disturbed[0].balanced_accuracy.value.has_bounds());
  CHECK(!result.disturbed[0].balanced_accuracy.change.has_bounds());
  CHECK(result.disturbed[0].balanced_accuracy.change.value == 0);

  VariedScores short_scores = scores;
  short_scores.disturbed[0].answers.pop_back();
  CHECK_THAT(thrown_by([&] { compare_disturbances(short_scores, dataset, kTemperature, kSeed, 0); }),
             Contains("answers for pictures identity"));
}
