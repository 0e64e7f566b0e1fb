#include "native/cli/metric_table.h"

#include <algorithm>
#include <optional>

#include "native/cli/printed.h"

namespace dermdistill {
namespace {

std::string interval_text(const std::optional<Interval>& interval) {
  if (!interval) return "-";
  if (!interval->has_bounds()) return printed("%.3f", interval->value);
  return printed("%.3f  (%.3f to %.3f)", interval->value, interval->low, interval->high);
}

std::string short_text(const std::optional<Interval>& interval) {
  return interval ? printed("%.3f", interval->value) : "-";
}

std::string row(const char* name, const std::optional<Interval>& interval) {
  return interval ? printed("  %-45s %s\n", name, interval_text(interval).c_str()) : std::string{};
}

std::string class_table(const MetricReport& report, int width) {
  std::string text = printed("\n  %-*s %8s %12s %12s %8s %11s\n", width, "class", "images", "sensitivity",
                             "specificity", "AUC", "avg. prec.");
  for (const ClassMetrics& metrics : report.per_class) {
    text +=
        printed("  %-*s %8lld %12s %12s %8s %11s\n", width, metrics.name.c_str(), static_cast<long long>(metrics.count),
                short_text(metrics.sensitivity).c_str(), short_text(metrics.specificity).c_str(),
                short_text(metrics.auc).c_str(), short_text(metrics.average_precision).c_str());
  }
  return text;
}

std::string confusion_table(const MetricReport& report, int width) {
  const int cell = std::max(width, 6);
  std::string text = printed("\n  confusion: a row is the true class, a column the predicted one\n  %-*s", width, "");
  for (const std::string& name : report.classes) text += printed(" %*s", cell, name.c_str());
  text += "\n";
  for (std::size_t i = 0; i < report.confusion.size(); ++i) {
    text += printed("  %-*s", width, report.classes[i].c_str());
    for (const std::int64_t count : report.confusion[i]) text += printed(" %*lld", cell, static_cast<long long>(count));
    text += "\n";
  }
  return text;
}

std::string threshold_table(const MetricReport& report) {
  std::string text;
  for (const DecisionThreshold& point : report.operating_points) {
    // Thresholds found on the very images they are judged on say too much; only those of the card count here.
    if (point.wanted_sensitivity) continue;
    text += printed("  %s >= %.3f: sensitivity %s, specificity %s\n", point.target.c_str(), point.threshold,
                    interval_text(point.sensitivity).c_str(), interval_text(point.specificity).c_str());
  }
  return text.empty() ? text : "\n  operating points of the model's card\n" + text;
}

}  // namespace

std::string metric_table(const MetricReport& report) {
  int width = 5;
  for (const std::string& name : report.classes)
    width = std::max(width, static_cast<int>(std::min<std::size_t>(name.size(), 24)));

  std::string text = printed("  %-45s %lld images of %lld lesions\n", "", static_cast<long long>(report.images),
                             static_cast<long long>(report.groups));
  text += row("melanoma sensitivity", report.melanoma_sensitivity);
  text += row("balanced accuracy", report.balanced_accuracy);
  text += row("accuracy", report.accuracy);
  text += row("macro AUC", report.macro_auc);
  text += row("mean average precision", report.mean_average_precision);
  text += row("expected calibration error", report.expected_calibration_error);
  text += row("melanoma sensitivity at 90 % specificity", report.melanoma_sensitivity_at_90_specificity);
  text += row("melanoma sensitivity at 95 % specificity", report.melanoma_sensitivity_at_95_specificity);
  text += row("melanoma AUC", report.melanoma_auc);
  text += row("malignant against the rest, AUC", report.malignant_auc);
  text += row("malignant sensitivity at 90 % specificity", report.malignant_sensitivity_at_90_specificity);
  text += row("malignant sensitivity at 95 % specificity", report.malignant_sensitivity_at_95_specificity);
  if (report.bootstrap_samples > 0) {
    text += printed("  in brackets: %.0f %% interval, %d bootstrap samples by lesion\n", 100 * report.confidence,
                    report.bootstrap_samples);
  }
  return text + class_table(report, width) + threshold_table(report) + confusion_table(report, width);
}

}  // namespace dermdistill
