// Every number we say about a classifier, each with a confidence interval by lesion.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/metrics/bootstrap.h"
#include "core/metrics/predictions.h"
#include "core/metrics/ranking.h"
#include "core/metrics/reliability.h"
#include "core/metrics/target.h"

namespace dermdistill {

/// A threshold fixed elsewhere (on the validation part, from a model card) to be judged on these predictions.
struct GivenThreshold {
  std::string target;  // a class name or "malignant"
  double threshold = 0;
};

struct MetricOptions {
  int bootstrap_samples = 1000;  // 0: no intervals
  double confidence = 0.95;
  std::uint64_t seed = 2019;
  std::vector<double> wanted_sensitivities = {0.90, 0.95};  // operating points found for melanoma and malignant
  std::vector<GivenThreshold> given_thresholds = {};
};

/// One class against the rest. A number is absent where it would divide by nothing: no image of the class, or no other.
struct ClassMetrics {
  std::string name;
  std::int64_t count = 0;                            // images of this class
  std::optional<Interval> sensitivity, specificity;  // of the top class
  std::optional<Interval> auc, average_precision;
  RocCurve roc;
  PrecisionRecallCurve precision_recall;
};

/// An operating point: its threshold stays fixed while the bootstrap judges it.
struct DecisionThreshold {
  std::string target;                        // a class name or "malignant"
  std::optional<double> wanted_sensitivity;  // absent for a given threshold
  double threshold = 0;
  std::optional<Interval> sensitivity, specificity;
};

struct MetricReport {
  std::int64_t images = 0, groups = 0;
  int bootstrap_samples = 0;
  double confidence = 0.95;
  std::uint64_t seed = 0;
  std::vector<std::string> classes;

  Interval accuracy;
  Interval balanced_accuracy;         // mean sensitivity over the classes that occur
  std::optional<Interval> macro_auc;  // mean over the classes that have one
  std::optional<Interval> mean_average_precision;
  Interval expected_calibration_error;  // 15 bins; resampling shifts it upwards, see bootstrap.h

  std::optional<Interval> melanoma_sensitivity;  // melanoma is the top class
  std::optional<Interval> melanoma_sensitivity_at_90_specificity, melanoma_sensitivity_at_95_specificity;
  std::optional<Interval> melanoma_auc;

  std::optional<Interval> malignant_auc;  // the summed probability of the malignant classes
  std::optional<Interval> malignant_sensitivity_at_90_specificity, malignant_sensitivity_at_95_specificity;
  std::optional<Interval> malignant_specificity_at_90_sensitivity, malignant_specificity_at_95_sensitivity;

  std::vector<ClassMetrics> per_class;               // in the order of `classes`
  std::vector<std::vector<std::int64_t>> confusion;  // [true class][predicted class]
  std::vector<DecisionThreshold> operating_points;   // those found here, then the given ones
  RocCurve malignant_roc;
  Reliability reliability;
};

/// Everything above. The same for any thread count. @throws as check_predictions; InputError for options out of range.
MetricReport compute_metrics(const Predictions& predictions, const MetricOptions& options = {});

/// Cheap single numbers for validation epochs, from logits or probabilities [n, classes]. @throws InputError when
/// empty.
double accuracy(std::span<const float> scores, std::span<const int> labels, int classes);
double balanced_accuracy(std::span<const float> scores, std::span<const int> labels, int classes);
/// Mean one-vs-rest AUC of probabilities over the classes that have one; absent when none has.
std::optional<double> macro_auc(std::span<const float> probabilities, std::span<const int> labels, int classes);

enum class CurveDetail {
  None,
  Thinned,  // for model files: reliability, and receiver operating characteristics of at most kThinnedCorners corners
  Full,     // with precision and recall, every corner
};
inline constexpr std::size_t kThinnedCorners = 65;

/// Plain JSON: intervals as {"value", "low", "high"}, null where absent or not finite.
nlohmann::json to_json(const MetricReport& report, CurveDetail detail = CurveDetail::None);

}  // namespace dermdistill
