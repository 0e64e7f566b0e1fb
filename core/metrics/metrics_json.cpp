#include <cmath>

#include "core/metrics/metrics.h"

namespace dermdistill {
namespace {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json numbers(const std::vector<double>& values) {
  json list = json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

json interval(const Interval& value) {
  return {{"value", number(value.value)}, {"low", number(value.low)}, {"high", number(value.high)}};
}

json interval(const std::optional<Interval>& value) { return value ? interval(*value) : json(nullptr); }

json roc(const RocCurve& curve) {
  return {{"false_positive_rate", numbers(curve.false_positive_rate)},
          {"true_positive_rate", numbers(curve.true_positive_rate)},
          {"threshold", numbers(curve.threshold)}};
}

json precision_recall(const PrecisionRecallCurve& curve) {
  return {{"recall", numbers(curve.recall)},
          {"precision", numbers(curve.precision)},
          {"threshold", numbers(curve.threshold)}};
}

json reliability_bins(const Reliability& value) {
  json bins = json::array();
  for (const ReliabilityBin& bin : value.bins) {
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"count", bin.count},
                    {"mean_confidence", number(bin.mean_confidence)},
                    {"accuracy", number(bin.accuracy)}});
  }
  return bins;
}

}  // namespace

nlohmann::json to_json(const MetricReport& report, bool with_curves) {
  json per_class = json::object();
  for (const ClassMetrics& metrics : report.per_class) {
    json& entry = per_class[metrics.name];
    entry = {{"count", metrics.count},
             {"sensitivity", interval(metrics.sensitivity)},
             {"specificity", interval(metrics.specificity)},
             {"auc", interval(metrics.auc)},
             {"average_precision", interval(metrics.average_precision)}};
    if (!with_curves) continue;
    entry["roc"] = roc(metrics.roc);
    entry["precision_recall"] = precision_recall(metrics.precision_recall);
  }
  json points = json::array();
  for (const DecisionThreshold& point : report.operating_points) {
    points.push_back(
        {{"target", point.target},
         {"wanted_sensitivity", point.wanted_sensitivity ? json(*point.wanted_sensitivity) : json(nullptr)},
         {"threshold", number(point.threshold)},
         {"sensitivity", interval(point.sensitivity)},
         {"specificity", interval(point.specificity)}});
  }
  json result = {
      {"images", report.images},
      {"groups", report.groups},
      {"classes", report.classes},
      {"intervals", {{"samples", report.bootstrap_samples}, {"confidence", report.confidence}, {"seed", report.seed}}},
      {"accuracy", interval(report.accuracy)},
      {"balanced_accuracy", interval(report.balanced_accuracy)},
      {"macro_auc", interval(report.macro_auc)},
      {"mean_average_precision", interval(report.mean_average_precision)},
      {"expected_calibration_error", interval(report.expected_calibration_error)},
      {"melanoma_sensitivity", interval(report.melanoma_sensitivity)},
      {"melanoma_sensitivity_at_90_specificity", interval(report.melanoma_sensitivity_at_90_specificity)},
      {"melanoma_sensitivity_at_95_specificity", interval(report.melanoma_sensitivity_at_95_specificity)},
      {"melanoma_auc", interval(report.melanoma_auc)},
      {"malignant_auc", interval(report.malignant_auc)},
      {"malignant_sensitivity_at_90_specificity", interval(report.malignant_sensitivity_at_90_specificity)},
      {"malignant_sensitivity_at_95_specificity", interval(report.malignant_sensitivity_at_95_specificity)},
      {"malignant_specificity_at_90_sensitivity", interval(report.malignant_specificity_at_90_sensitivity)},
      {"malignant_specificity_at_95_sensitivity", interval(report.malignant_specificity_at_95_sensitivity)},
      {"per_class", per_class},
      {"confusion", report.confusion},
      {"operating_points", points}};
  if (with_curves) {
    result["malignant_roc"] = roc(report.malignant_roc);
    result["reliability"] = reliability_bins(report.reliability);
  }
  return result;
}

}  // namespace dermdistill
