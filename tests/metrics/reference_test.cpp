// Against numbers computed from the definitions by make_reference.py.
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/metrics/metrics.h"
#include "tests/support/paths.h"

using namespace dermdistill;

namespace {

nlohmann::json load_reference() {
  std::ifstream file(testing::source_dir() / "tests" / "metrics" / "reference.json");
  REQUIRE(file.good());
  return nlohmann::json::parse(file);
}

Predictions reference_predictions(const nlohmann::json& reference) {
  Predictions predictions;
  predictions.classes = reference.at("classes").get<std::vector<std::string>>();
  predictions.labels = reference.at("labels").get<std::vector<int>>();
  predictions.groups = reference.at("groups").get<std::vector<int>>();
  for (const int part : reference.at("sixteenths").get<std::vector<int>>()) {
    predictions.probabilities.push_back(static_cast<float>(part) / 16);
  }
  return predictions;
}

}  // namespace

TEST_CASE("every metric equals its definition") {
  const auto reference = load_reference();
  const Predictions predictions = reference_predictions(reference);
  const MetricReport report = compute_metrics(predictions, {.bootstrap_samples = 200});
  const auto computed = to_json(report);
  for (const auto& [name, expected] : reference.at("expected").items()) {
    INFO(name);
    REQUIRE(computed.at(name).at("value").get<double>() == Approx(expected.get<double>()).margin(1e-12));
  }
  for (const auto& [name, entry] : reference.at("per_class").items()) {
    const auto& metrics = computed.at("per_class").at(name);
    INFO(name);
    CHECK(metrics.at("count") == entry.at("count"));
    for (const auto* metric : {"sensitivity", "specificity", "auc", "average_precision"}) {
      INFO(metric);
      REQUIRE(metrics.at(metric).is_null() != entry.contains(metric));
      if (!entry.contains(metric)) continue;
      REQUIRE(metrics.at(metric).at("value").get<double>() == Approx(entry.at(metric).get<double>()).margin(1e-12));
    }
  }
  CHECK(computed.at("confusion") == reference.at("confusion"));
  REQUIRE(report.operating_points.size() == reference.at("operating_points").size());
  for (std::size_t k = 0; k < report.operating_points.size(); ++k) {
    const auto& expected = reference.at("operating_points")[k];
    const DecisionThreshold& point = report.operating_points[k];
    CHECK(point.target == expected.at("target"));
    CHECK(point.wanted_sensitivity == expected.at("wanted_sensitivity").get<double>());
    CHECK(point.threshold == expected.at("threshold").get<double>());
    CHECK(point.sensitivity->value == Approx(expected.at("sensitivity").get<double>()));
    CHECK(point.specificity->value == Approx(expected.at("specificity").get<double>()));
  }
}

TEST_CASE("the single functions agree with the report") {
  const auto reference = load_reference();
  const Predictions predictions = reference_predictions(reference);
  const auto& expected = reference.at("expected");
  const int classes = static_cast<int>(predictions.classes.size());
  CHECK(accuracy(predictions.probabilities, predictions.labels, classes) ==
        Approx(expected.at("accuracy").get<double>()));
  CHECK(balanced_accuracy(predictions.probabilities, predictions.labels, classes) ==
        Approx(expected.at("balanced_accuracy").get<double>()));
  CHECK(*macro_auc(predictions.probabilities, predictions.labels, classes) ==
        Approx(expected.at("macro_auc").get<double>()));
  CHECK(reliability(predictions).expected_calibration_error ==
        Approx(expected.at("expected_calibration_error").get<double>()));
}
