#include "core/metrics/ranking.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"

using namespace dermdistill;

namespace {

struct Case {
  std::vector<float> scores;
  std::vector<std::uint8_t> truth;
  std::vector<std::uint32_t> counts;
};

/// Few distinct scores, so that most are tied.
Case random_case(Random& random) {
  Case result;
  const auto size = 2 + random.below(40);
  const auto levels = 1 + random.below(12);
  for (std::uint64_t i = 0; i < size; ++i) {
    result.scores.push_back(static_cast<float>(random.below(levels)) / static_cast<float>(levels));
    result.truth.push_back(random.chance(0.4));
    result.counts.push_back(static_cast<std::uint32_t>(random.below(4)));
  }
  return result;
}

/// Every item as often as its count says.
Case expanded(const Case& original) {
  Case result;
  for (std::size_t i = 0; i < original.scores.size(); ++i) {
    for (std::uint32_t k = 0; k < original.counts[i]; ++k) {
      result.scores.push_back(original.scores[i]);
      result.truth.push_back(original.truth[i]);
    }
  }
  return result;
}

std::optional<double> auc_of_all_pairs(const Case& test) {
  double wins = 0, pairs = 0;
  for (std::size_t p = 0; p < test.scores.size(); ++p) {
    for (std::size_t n = 0; n < test.scores.size(); ++n) {
      if (!test.truth[p] || test.truth[n]) continue;
      pairs += 1;
      wins += test.scores[p] > test.scores[n] ? 1.0 : test.scores[p] == test.scores[n] ? 0.5 : 0.0;
    }
  }
  return pairs > 0 ? std::optional(wins / pairs) : std::nullopt;
}

struct Rates {
  double sensitivity, specificity;
};

Rates rates_at(const Case& test, double threshold) {
  double positives = 0, negatives = 0, found = 0, spared = 0;
  for (std::size_t i = 0; i < test.scores.size(); ++i) {
    const bool flagged = test.scores[i] >= threshold;
    (test.truth[i] ? positives : negatives) += 1;
    if (test.truth[i] && flagged) found += 1;
    if (!test.truth[i] && !flagged) spared += 1;
  }
  return {found / positives, spared / negatives};
}

double best_sensitivity(const Case& test, double specificity) {
  double best = 0;
  for (const float threshold : test.scores) {
    const Rates rates = rates_at(test, threshold);
    if (rates.specificity >= specificity - 1e-12) best = std::max(best, rates.sensitivity);
  }
  return best;
}

}  // namespace

TEST_CASE("metrics of random tied scores equal those of all pairs and all thresholds") {
  Random random(11);
  int defined = 0;
  for (int round = 0; round < 400; ++round) {
    const Case test = random_case(random);
    INFO("round " << round << ", " << test.scores.size() << " items");
    const Ranking ranking(test.scores, test.truth);
    const auto expected = auc_of_all_pairs(test);
    REQUIRE(ranking.metrics().auc.has_value() == expected.has_value());
    REQUIRE(ranking.metrics().average_precision.has_value() == expected.has_value());
    if (!expected) continue;
    ++defined;
    REQUIRE(*ranking.metrics().auc == Approx(*expected).margin(1e-12));
    for (const double wanted : {0.5, 0.75, 0.9, 1.0}) {
      REQUIRE(*ranking.sensitivity_at_specificity(wanted) == Approx(best_sensitivity(test, wanted)).margin(1e-12));
      const auto point = *ranking.threshold_for_sensitivity(wanted);
      const Rates rates = rates_at(test, point.threshold);
      REQUIRE(rates.sensitivity >= wanted - 1e-12);
      REQUIRE(point.sensitivity == Approx(rates.sensitivity));
      REQUIRE(point.specificity == Approx(rates.specificity));
      REQUIRE(*ranking.specificity_at_sensitivity(wanted) == Approx(point.specificity));
      REQUIRE(rates_at(test, std::nextafter(point.threshold, 2.0)).sensitivity < wanted);
      const auto strict = *ranking.threshold_for_specificity(wanted);
      REQUIRE(strict.specificity >= wanted - 1e-12);
      REQUIRE(strict.sensitivity == Approx(best_sensitivity(test, wanted)).margin(1e-12));
    }
  }
  CHECK(defined > 200);
}

TEST_CASE("a multiplicity counts as that many copies") {
  Random random(12);
  for (int round = 0; round < 300; ++round) {
    const Case test = random_case(random);
    const Case copies = expanded(test);
    if (copies.scores.empty()) continue;
    INFO("round " << round);
    const Ranking weighted(test.scores, test.truth), plain(copies.scores, copies.truth);
    REQUIRE(weighted.metrics(test.counts).auc == plain.metrics().auc);
    REQUIRE(weighted.metrics(test.counts).average_precision.has_value() ==
            plain.metrics().average_precision.has_value());
    if (plain.metrics().average_precision) {
      REQUIRE(*weighted.metrics(test.counts).average_precision == Approx(*plain.metrics().average_precision));
    }
    REQUIRE(weighted.sensitivity_at_specificity(0.9, test.counts) == plain.sensitivity_at_specificity(0.9));
    REQUIRE(weighted.specificity_at_sensitivity(0.9, test.counts) == plain.specificity_at_sensitivity(0.9));
    const auto a = weighted.at_threshold(0.5, test.counts), b = plain.at_threshold(0.5);
    REQUIRE(a.has_value() == b.has_value());
    if (a) REQUIRE((a->sensitivity == b->sensitivity && a->specificity == b->specificity));
  }
}

TEST_CASE("curves run from corner to corner and hold the area and the average precision") {
  Random random(13);
  for (int round = 0; round < 200; ++round) {
    const Case test = random_case(random);
    const Ranking ranking(test.scores, test.truth);
    const RocCurve roc = ranking.roc_curve();
    if (!ranking.metrics().auc) {
      REQUIRE(roc.threshold.empty());
      continue;
    }
    REQUIRE(roc.false_positive_rate.front() == 0);
    REQUIRE(roc.true_positive_rate.front() == 0);
    REQUIRE(roc.false_positive_rate.back() == 1);
    REQUIRE(roc.true_positive_rate.back() == 1);
    double area = 0;
    for (std::size_t i = 1; i < roc.threshold.size(); ++i) {
      REQUIRE(roc.threshold[i] < roc.threshold[i - 1]);
      area += (roc.false_positive_rate[i] - roc.false_positive_rate[i - 1]) *
              (roc.true_positive_rate[i] + roc.true_positive_rate[i - 1]) / 2;
    }
    REQUIRE(area == Approx(*ranking.metrics().auc).margin(1e-12));
    const PrecisionRecallCurve curve = ranking.precision_recall_curve();
    double sum = 0, before = 0;
    for (std::size_t i = 0; i < curve.recall.size(); ++i) {
      sum += (curve.recall[i] - before) * curve.precision[i];
      before = curve.recall[i];
    }
    REQUIRE(sum == Approx(*ranking.metrics().average_precision).margin(1e-12));
  }
}

TEST_CASE("extreme rankings") {
  const std::vector<float> scores = {0.9f, 0.8f, 0.2f, 0.1f};
  const std::vector<std::uint8_t> right = {1, 1, 0, 0}, wrong = {0, 0, 1, 1}, positive = {1, 1, 1, 1};
  CHECK(Ranking(scores, right).metrics().auc == 1.0);
  CHECK(Ranking(scores, right).metrics().average_precision == 1.0);
  CHECK(Ranking(scores, right).roc_curve().threshold.size() == 3);  // straight runs are one line
  CHECK(Ranking(scores, wrong).metrics().auc == 0.0);
  CHECK(Ranking(std::vector<float>(4, 0.5f), right).metrics().auc == 0.5);
  CHECK_FALSE(Ranking(scores, positive).metrics().auc);
  CHECK_FALSE(Ranking(scores, positive).threshold_for_sensitivity(0.9));
  CHECK(std::isinf(Ranking(scores, wrong).threshold_for_specificity(0.9)->threshold));
}

TEST_CASE("a share that is met exactly counts as met") {
  // 57 of 60 is 0.95, and 0.95 itself is no binary number.
  std::vector<float> scores;
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 60; ++i) {
    scores.push_back(static_cast<float>(i) / 64);
    truth.push_back(0);
  }
  scores.push_back(57.5f / 64);
  truth.push_back(1);
  scores.push_back(56.5f / 64);  // three negatives rank above: specificity exactly 57 / 60
  truth.push_back(1);
  CHECK(Ranking(scores, truth).sensitivity_at_specificity(0.95) == 1.0);
  CHECK(Ranking(scores, truth).sensitivity_at_specificity(0.96) == 0.5);
}

TEST_CASE("scores that cannot be ranked are refused") {
  const std::vector<std::uint8_t> truth = {0, 1};
  CHECK_THROWS_AS(Ranking(std::vector<float>{0.5f}, truth), InputError);
  CHECK_THROWS_AS(Ranking(std::vector<float>{0.5f, std::nanf("")}, truth), NumericError);
  const Ranking ranking(std::vector<float>{0.5f, 0.6f}, truth);
  CHECK_THROWS_AS(ranking.metrics(std::vector<std::uint32_t>{1, 2, 3}), InputError);
}
