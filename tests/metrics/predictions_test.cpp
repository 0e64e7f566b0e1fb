#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/metrics/metrics.h"
#include "tests/metrics/example.h"

using namespace dermdistill;
using Catch::Matchers::Contains;
using testing::example_predictions;

TEST_CASE("predictions that cannot be judged are refused with the image's name") {
  Predictions predictions = example_predictions(5, 1);
  SECTION("no images") {
    predictions = {predictions.classes, {}, {}, {}, {}};
    CHECK_THROWS_WITH(compute_metrics(predictions), Contains("no images"));
  }
  SECTION("logits instead of probabilities") {
    predictions.probabilities[8] = 3.5f;
    CHECK_THROWS_WITH(compute_metrics(predictions),
                      Contains("ISIC_1000001") && Contains("MEL is 3.5") && Contains("softmax"));
  }
  SECTION("a row that does not sum to one") {
    for (int c = 0; c < 8; ++c) predictions.probabilities[c] = 0.5f;
    CHECK_THROWS_WITH(compute_metrics(predictions), Contains("ISIC_1000000") && Contains("sum to 4"));
  }
  SECTION("not a number") {
    predictions.probabilities[17] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(compute_metrics(predictions), NumericError);
    CHECK_THROWS_WITH(compute_metrics(predictions),
                      Contains("ISIC_1000002") && Contains("NV") && Contains("not finite"));
  }
  SECTION("an unknown label") {
    predictions.labels[3] = 8;
    CHECK_THROWS_WITH(compute_metrics(predictions), Contains("ISIC_1000003: label 8; expected 0 to 7"));
  }
  SECTION("too few probabilities") {
    predictions.probabilities.pop_back();
    CHECK_THROWS_WITH(compute_metrics(predictions), Contains("39 probabilities; expected 40"));
  }
  SECTION("groups of other images") {
    predictions.groups.push_back(1);
    CHECK_THROWS_WITH(compute_metrics(predictions), Contains("6 groups; expected 5"));
  }
}

TEST_CASE("options out of range are refused") {
  const Predictions predictions = example_predictions(5, 1);
  CHECK_THROWS_WITH(compute_metrics(predictions, {.bootstrap_samples = -1}), Contains("-1"));
  CHECK_THROWS_WITH(compute_metrics(predictions, {.confidence = 95}), Contains("between 0 and 1"));
  CHECK_THROWS_WITH(compute_metrics(predictions, {.wanted_sensitivities = {0.0}}), Contains("wanted sensitivity"));
  CHECK_THROWS_WITH(compute_metrics(predictions, {.given_thresholds = {{"XYZ", 0.5}}}),
                    Contains("target XYZ") && Contains("MEL, NV"));
}

TEST_CASE("softmax is that of the definition, also for large logits and at a temperature") {
  const std::vector<float> logits = {1000, 1001, 998, -2, 0, 1};
  const auto probabilities = probabilities_from_logits(logits, 3, 2.0);
  for (int row = 0; row < 2; ++row) {
    double sum = 0;
    for (int c = 0; c < 3; ++c) sum += std::exp((logits[row * 3 + c] - logits[row * 3]) / 2.0);
    for (int c = 0; c < 3; ++c) {
      CHECK(probabilities[row * 3 + c] == Approx(std::exp((logits[row * 3 + c] - logits[row * 3]) / 2.0) / sum));
    }
  }
  CHECK_THROWS_AS(probabilities_from_logits(logits, 3, 0.0), InputError);
  CHECK_THROWS_AS(probabilities_from_logits(logits, 4), InputError);
}

TEST_CASE("of equal scores the first class is predicted") {
  const std::vector<float> scores = {0.4f, 0.4f, 0.2f, 0.1f, 0.45f, 0.45f};
  CHECK(predicted_classes(scores, 3) == std::vector<int>{0, 1});
}

TEST_CASE("malignant is a sum of classes unless a class has that name") {
  const std::vector<std::string> isic = {"MEL", "NV", "SCC"};
  CHECK(target_members(isic, "malignant") == std::vector<bool>{true, false, true});
  const std::vector<std::string> own = {"MEL", "malignant"};
  CHECK(target_members(own, "malignant") == std::vector<bool>{false, true});
  const std::vector<std::string> none = {"cat", "dog"};
  CHECK(target_members(none, "malignant") == std::vector<bool>{false, false});
  CHECK_THROWS_WITH(known_target_members(none, "malignant"), Contains("cat, dog"));
}
