#include "core/metrics/metrics.h"

#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "tests/metrics/example.h"

using namespace dermdistill;
using testing::example_predictions;
using testing::select_images;

namespace {

double width(const Interval& interval) { return interval.high - interval.low; }

}  // namespace

TEST_CASE("intervals hold their values") {
  const MetricReport report = compute_metrics(example_predictions(600, 3, 2));
  CHECK(report.images == 600);
  CHECK(report.groups == 300);
  const auto holds = [](const Interval& interval) {
    return interval.has_bounds() && interval.low <= interval.value && interval.value <= interval.high &&
           interval.low < interval.high;
  };
  CHECK(holds(report.accuracy));
  CHECK(holds(report.balanced_accuracy));
  for (const auto& interval :
       {report.macro_auc, report.mean_average_precision, report.melanoma_sensitivity, report.melanoma_auc,
        report.melanoma_sensitivity_at_90_specificity, report.melanoma_sensitivity_at_95_specificity,
        report.malignant_auc, report.malignant_sensitivity_at_90_specificity,
        report.malignant_sensitivity_at_95_specificity, report.malignant_specificity_at_90_sensitivity,
        report.malignant_specificity_at_95_sensitivity}) {
    REQUIRE(interval);
    CHECK(holds(*interval));
  }
  for (const ClassMetrics& metrics : report.per_class) {
    INFO(metrics.name);
    for (const auto& interval : {metrics.sensitivity, metrics.specificity, metrics.auc, metrics.average_precision}) {
      REQUIRE(interval);
      CHECK(holds(*interval));
    }
  }
}

TEST_CASE("the interval of the accuracy is about that of the binomial distribution") {
  const MetricReport report = compute_metrics(example_predictions(1000, 4));
  const double p = report.accuracy.value;
  const double expected = 2 * 1.96 * std::sqrt(p * (1 - p) / 1000);
  CHECK(width(report.accuracy) == Approx(expected).epsilon(0.15));
}

TEST_CASE("copies of an image make the interval narrower only when they are taken for different lesions") {
  const Predictions single = example_predictions(200, 5);
  std::vector<int> places;
  for (int i = 0; i < 200; ++i) places.insert(places.end(), 9, i);
  const Predictions grouped = select_images(single, places);
  Predictions ungrouped = grouped;
  ungrouped.groups.clear();
  const auto single_report = compute_metrics(single);
  const auto grouped_report = compute_metrics(grouped);
  const auto ungrouped_report = compute_metrics(ungrouped);
  CHECK(grouped_report.groups == 200);
  CHECK(ungrouped_report.groups == 1800);
  CHECK(grouped_report.accuracy.value == Approx(single_report.accuracy.value));
  CHECK(width(grouped_report.accuracy) == Approx(width(single_report.accuracy)));
  CHECK(width(*grouped_report.macro_auc) == Approx(width(*single_report.macro_auc)));
  CHECK(width(grouped_report.accuracy) > 2 * width(ungrouped_report.accuracy));
  CHECK(width(*grouped_report.macro_auc) > 2 * width(*ungrouped_report.macro_auc));
}

TEST_CASE("the order of the images does not matter to the values") {
  const Predictions predictions = example_predictions(300, 6, 3);
  std::vector<int> order(300);
  std::iota(order.begin(), order.end(), 0);
  Random(1).shuffle(std::span(order));
  const auto a = to_json(compute_metrics(predictions, {.bootstrap_samples = 0}), CurveDetail::Full);
  const auto b =
      to_json(compute_metrics(select_images(predictions, order), {.bootstrap_samples = 0}), CurveDetail::Full);
  for (const auto& [name, entry] : a.items()) {
    INFO(name);
    if (entry.is_object() && entry.contains("value")) {
      CHECK(entry.at("value").get<double>() == Approx(b.at(name).at("value").get<double>()).epsilon(1e-12));
    }
  }
  CHECK(a.at("confusion") == b.at("confusion"));
  CHECK(a.at("malignant_roc") == b.at("malignant_roc"));
  CHECK(a.at("per_class").at("MEL").at("roc") == b.at("per_class").at("MEL").at("roc"));
}

TEST_CASE("the same seed gives the same report for any number of threads") {
  const Predictions predictions = example_predictions(250, 7, 2);
  const int before = thread_count();
  set_thread_count(1);
  const auto one = to_json(compute_metrics(predictions), CurveDetail::Full);
  set_thread_count(3);
  const auto three = to_json(compute_metrics(predictions), CurveDetail::Full);
  set_thread_count(before);
  CHECK(one == three);
  CHECK(one != to_json(compute_metrics(predictions, {.seed = 1}), CurveDetail::Full));
}

TEST_CASE("classes that do not occur leave their metrics absent") {
  const Predictions all = example_predictions(200, 8);
  std::vector<int> places;
  for (int i = 0; i < 200; ++i) {
    if (all.labels[static_cast<std::size_t>(i)] != 0) places.push_back(i);
  }
  const MetricReport report = compute_metrics(select_images(all, places));
  CHECK_FALSE(report.melanoma_sensitivity);
  CHECK_FALSE(report.melanoma_auc);
  CHECK_FALSE(report.melanoma_sensitivity_at_90_specificity);
  CHECK(report.per_class[0].count == 0);
  CHECK_FALSE(report.per_class[0].sensitivity);
  CHECK(report.per_class[0].specificity);
  CHECK(report.per_class[0].roc.threshold.empty());
  CHECK(report.malignant_auc);
  for (const DecisionThreshold& point : report.operating_points) CHECK(point.target == "malignant");
  double sum = 0;
  for (int c = 1; c < 8; ++c) sum += report.per_class[static_cast<std::size_t>(c)].sensitivity->value;
  CHECK(report.balanced_accuracy.value == Approx(sum / 7));
  CHECK(to_json(report).at("melanoma_auc").is_null());
}

TEST_CASE("predictions without any melanoma or malignant class have no such metrics") {
  Predictions predictions;
  predictions.classes = {"NV", "DF"};
  predictions.labels = {0, 1, 1, 0};
  predictions.probabilities = {0.75f, 0.25f, 0.5f, 0.5f, 0.25f, 0.75f, 1, 0};
  const MetricReport report = compute_metrics(predictions);
  CHECK(report.accuracy.value == 0.75);
  CHECK(report.macro_auc->value == 1.0);
  CHECK_FALSE(report.malignant_auc);
  CHECK_FALSE(report.malignant_specificity_at_90_sensitivity);
  CHECK(report.operating_points.empty());
  CHECK(report.groups == 4);
}

TEST_CASE("images of one class alone, and a single lesion") {
  Predictions predictions = example_predictions(3, 9);
  predictions.labels = {0, 0, 0};
  predictions.groups = {5, 5, 5};
  const MetricReport report = compute_metrics(predictions);
  CHECK(report.groups == 1);
  CHECK(report.balanced_accuracy.value == report.accuracy.value);
  CHECK_FALSE(report.accuracy.has_bounds());
  CHECK_FALSE(report.macro_auc);
  CHECK_FALSE(report.mean_average_precision);
  CHECK_FALSE(report.malignant_auc);
  CHECK_FALSE(report.per_class[0].specificity);
  CHECK(report.per_class[1].specificity);
  CHECK(to_json(report).at("accuracy").at("low").is_null());
}

TEST_CASE("a class of one lesion has no interval") {
  Predictions predictions = example_predictions(100, 10);
  for (int& label : predictions.labels) label = label == 5 ? 1 : label;
  predictions.labels[40] = 5;
  const MetricReport report = compute_metrics(predictions);
  REQUIRE(report.per_class[5].sensitivity);
  CHECK_FALSE(report.per_class[5].sensitivity->has_bounds());
  CHECK_FALSE(report.per_class[5].auc->has_bounds());
  CHECK(report.per_class[5].specificity->has_bounds());
}

TEST_CASE("a given threshold is judged as it is") {
  const Predictions predictions = example_predictions(400, 11);
  const MetricReport found = compute_metrics(predictions);
  MetricOptions options;
  options.wanted_sensitivities = {};
  for (const auto& point : found.operating_points) options.given_thresholds.push_back({point.target, point.threshold});
  options.given_thresholds.push_back({"NV", 0.5});
  const MetricReport given = compute_metrics(predictions, options);
  REQUIRE(given.operating_points.size() == found.operating_points.size() + 1);
  for (std::size_t k = 0; k < found.operating_points.size(); ++k) {
    CHECK_FALSE(given.operating_points[k].wanted_sensitivity);
    CHECK(given.operating_points[k].sensitivity->value == found.operating_points[k].sensitivity->value);
    CHECK(given.operating_points[k].specificity->low == found.operating_points[k].specificity->low);
    CHECK(found.operating_points[k].sensitivity->value >= *found.operating_points[k].wanted_sensitivity);
  }
}

TEST_CASE("confidences on the border of a bin belong to the lower one") {
  CHECK(reliability_bin(0.0, 10) == 0);
  CHECK(reliability_bin(0.25, 4) == 0);
  CHECK(reliability_bin(0.2500001, 4) == 1);
  CHECK(reliability_bin(1.0, 15) == 14);
  CHECK(reliability_bin(1.0001, 15) == 14);
}

TEST_CASE("the single functions refuse what cannot be judged") {
  const std::vector<float> scores = {1, 2, 3, 4};
  CHECK_THROWS_AS(accuracy({}, {}, 2), InputError);
  CHECK_THROWS_AS(accuracy(scores, std::vector<int>{0, 1, 1}, 2), InputError);
  CHECK_THROWS_AS(balanced_accuracy(scores, std::vector<int>{0, 2}, 2), InputError);
  CHECK_FALSE(macro_auc(scores, std::vector<int>{1, 1}, 2));
}
