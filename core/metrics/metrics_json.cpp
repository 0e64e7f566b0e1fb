#include <algorithm>
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

/// Corners spread evenly over the curve's length, both ends among them, without thresholds; rounded to four places.
json thinned_roc(const RocCurve& curve) {
  const std::size_t corners = curve.true_positive_rate.size(), kept = std::min(corners, kThinnedCorners);
  json false_positive = json::array(), true_positive = json::array();
  std::vector<double> length(corners, 0.0);
  for (std::size_t i = 1; i < corners; ++i)
    length[i] = length[i - 1] + std::hypot(curve.false_positive_rate[i] - curve.false_positive_rate[i - 1],
                                           curve.true_positive_rate[i] - curve.true_positive_rate[i - 1]);
  std::size_t last = corners;
  for (std::size_t k = 0; k < kept; ++k) {
    const double wanted = kept < 2 ? 0.0 : length.back() * static_cast<double>(k) / static_cast<double>(kept - 1);
    auto corner = static_cast<std::size_t>(std::lower_bound(length.begin(), length.end(), wanted) - length.begin());
    corner = k + 1 == kept ? corners - 1 : std::min(corner, corners - 1);
    if (corner == last) continue;
    last = corner;
    false_positive.push_back(std::round(curve.false_positive_rate[corner] * 1e4) / 1e4);
    true_positive.push_back(std::round(curve.true_positive_rate[corner] * 1e4) / 1e4);
  }
  return {{"false_positive_rate", false_positive}, {"true_positive_rate", true_positive}};
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

nlohmann::json to_json(const MetricReport& report, CurveDetail detail) {
  json per_class = json::object();
  for (const ClassMetrics& metrics : report.per_class) {
    json& entry = per_class[metrics.name];
    entry = {{"count", metrics.count},
             {"sensitivity", interval(metrics.sensitivity)},
             {"specificity", interval(metrics.specificity)},
             {"auc", interval(metrics.auc)},
             {"average_precision", interval(metrics.average_precision)}};
    if (detail == CurveDetail::Thinned) entry["roc"] = thinned_roc(metrics.roc);
    if (detail != CurveDetail::Full) continue;
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
  if (detail != CurveDetail::None) {
    result["malignant_roc"] =
        detail == CurveDetail::Full ? roc(report.malignant_roc) : thinned_roc(report.malignant_roc);
    result["reliability"] = reliability_bins(report.reliability);
  }
  return result;
}

}  // namespace dermdistill
