#include "native/report/metric_figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/io/model_card.h"
#include "native/report/html.h"
#include "native/report/line_chart.h"
#include "native/report/metric_charts.h"

namespace dermdistill::html {
namespace {

std::string value_text(double value, NumberStyle style) {
  return style == NumberStyle::Percent ? percent(value) : fixed(value, 3);
}

std::string range_text(const Interval& interval, NumberStyle style) {
  if (!interval.has_bounds()) return "no interval";
  const bool percents = style == NumberStyle::Percent;
  return (percents ? percent(interval.low, false) : fixed(interval.low, 3)) + " to " + value_text(interval.high, style);
}

std::string bar(const Interval& interval) {
  const auto x = [](double value) { return number(200 * std::clamp(value, 0.0, 1.0), 4); };
  std::string text =
      "<svg class=\"bar\" viewBox=\"0 0 200 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<rect class=\"track\" x=\"0\" y=\"4\" width=\"200\" height=\"2\"/>";
  if (interval.has_bounds()) {
    text += "<rect class=\"span\" x=\"" + x(interval.low) + "\" y=\"2\" width=\"" +
            number(std::max(1.0, 200 * (std::min(interval.high, 1.0) - std::max(interval.low, 0.0))), 4) +
            "\" height=\"6\"/>";
  }
  return text + "<rect class=\"dot\" x=\"" + number(std::clamp(200 * interval.value - 1.5, 0.0, 197.0), 4) +
         "\" y=\"0\" width=\"3\" height=\"10\"/></svg>";
}

std::string tile(std::string_view name, const std::optional<Interval>& interval, NumberStyle style,
                 std::string_view absent, bool first = false) {
  std::string text =
      "<div class=\"tile" + std::string(first ? " first" : "") + "\"><p class=\"name\">" + escape(name) + "</p>";
  if (!interval) return text + "<p class=\"value\">-</p><p class=\"range\">" + escape(absent) + "</p></div>\n";
  return text + "<p class=\"value\">" + value_text(interval->value, style) + "</p><p class=\"range\">" +
         range_text(*interval, style) + "</p>" + bar(*interval) + "</div>\n";
}

/// A code with its full name below it where there is one.
std::string class_heading(const std::string& code) {
  const std::string name = full_class_name(code);
  return escape(code) + (name == code ? "" : "<small>" + escape(name) + "</small>");
}

std::string row(const std::string& head, std::initializer_list<std::string> cells) {
  std::string text = "<tr><th scope=\"row\">" + head + "</th>";
  for (const std::string& cell : cells) text += "<td>" + cell + "</td>";
  return text + "</tr>\n";
}

std::string table(std::initializer_list<std::string_view> heads, const std::string& rows) {
  std::string text = "<div class=\"scroll\"><table><thead><tr>";
  for (const std::string_view head : heads) text += "<th scope=\"col\">" + escape(head) + "</th>";
  return text + "</tr></thead><tbody>\n" + rows + "</tbody></table></div>\n";
}

std::string small_card(const std::string& title, const std::string& sub, const LineChart& chart) {
  return "<div class=\"card\"><h3>" + escape(title) + "</h3><p class=\"sub\">" + sub + "</p>" + line_chart_svg(chart) +
         "</div>\n";
}

std::string roc_card(const std::string& title, const RocCurve& roc, const std::optional<Interval>& auc) {
  LineChart chart = unit_square("ROC curve of " + title, "1 - specificity", "sensitivity", 300, 280);
  chart.series.push_back(thinned(title, roc.false_positive_rate, roc.true_positive_rate));
  chart.diagonal = true;
  const std::string sub = auc ? "AUC " + with_interval(*auc, NumberStyle::Plain) : std::string("no images of it");
  return small_card(title, sub, chart);
}

}  // namespace

std::string with_interval(const Interval& interval, NumberStyle style) {
  if (!interval.has_bounds()) return value_text(interval.value, style);
  return value_text(interval.value, style) + " (" + range_text(interval, style) + ")";
}

std::string interval_cell(const std::optional<Interval>& interval, NumberStyle style) {
  if (!interval || std::isnan(interval->value)) return "-";
  return value_text(interval->value, style) + "<small>" + range_text(*interval, style) + "</small>";
}

std::string headline_tiles(const MetricReport& metrics) {
  constexpr auto kPercent = NumberStyle::Percent;
  constexpr std::string_view kNoMelanoma = "no melanoma among these images";
  constexpr std::string_view kNotBoth = "needs images inside and outside of the group";
  std::string text = "<div class=\"tiles\">\n";
  text += tile("Sensitivity to melanoma", metrics.melanoma_sensitivity, kPercent, kNoMelanoma, true);
  text += tile("Balanced accuracy", metrics.balanced_accuracy, kPercent, {}, true);
  text += tile("Sensitivity to melanoma at 90 % specificity", metrics.melanoma_sensitivity_at_90_specificity, kPercent,
               kNoMelanoma);
  text += tile("Malignant against the rest, AUC", metrics.malignant_auc, NumberStyle::Plain, kNotBoth);
  text += tile("Macro AUC", metrics.macro_auc, NumberStyle::Plain, kNotBoth);
  text += tile("Mean average precision", metrics.mean_average_precision, NumberStyle::Plain, kNotBoth);
  text += tile("Accuracy", metrics.accuracy, kPercent, {});
  text += tile("Expected calibration error", metrics.expected_calibration_error, kPercent, {});
  return text + "</div>\n";
}

std::string confusion_table(const MetricReport& metrics) {
  constexpr double kDeepest = 0.62;  // the ink stays readable on it, in light and in dark
  std::string text =
      "<div class=\"scroll\"><table class=\"heat\"><thead><tr><th scope=\"col\">true \u2193 predicted \u2192</th>";
  for (const std::string& name : metrics.classes) text += "<th scope=\"col\">" + escape(name) + "</th>";
  text += "</tr></thead><tbody>\n";
  for (std::size_t t = 0; t < metrics.classes.size(); ++t) {
    const auto& counts = metrics.confusion[t];
    const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    text += "<tr><th scope=\"row\">" + escape(metrics.classes[t]) + "<small>" + std::to_string(total) + "</small></th>";
    for (std::size_t p = 0; p < counts.size(); ++p) {
      const double share = total > 0 ? static_cast<double>(counts[p]) / static_cast<double>(total) : 0.0;
      const std::string_view kind = counts[p] == 0 ? "none" : p == t ? "right" : "wrong";
      text.append("<td class=\"").append(kind).append("\" style=\"--share:" + fixed(kDeepest * share, 3) + "\">");
      text += std::to_string(counts[p]);
      if (counts[p] > 0) text += "<small>" + fixed(100 * share, 0) + "\u00A0%</small>";
      text += "</td>";
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string roc_charts(const MetricReport& metrics) {
  std::string text = "<div class=\"charts small\">\n";
  for (const ClassMetrics& entry : metrics.per_class) text += roc_card(entry.name, entry.roc, entry.auc);
  if (metrics.malignant_auc) text += roc_card("Malignant", metrics.malignant_roc, metrics.malignant_auc);
  return text + "</div>\n";
}

std::string precision_recall_charts(const MetricReport& metrics) {
  std::string text = "<div class=\"charts small\">\n";
  for (const ClassMetrics& entry : metrics.per_class) {
    LineChart chart =
        unit_square("Precision-recall curve of " + entry.name, "sensitivity (recall)", "precision", 300, 280);
    chart.series.push_back(thinned(entry.name, entry.precision_recall.recall, entry.precision_recall.precision));
    const auto& average = entry.average_precision;
    text +=
        small_card(entry.name, average ? "average precision " + fixed(average->value, 3) : "no images of it", chart);
  }
  return text + "</div>\n";
}

std::string reliability_chart(const MetricReport& metrics, const std::optional<Reliability>& before,
                              double temperature) {
  const LineChart chart = reliability_lines(metrics, before, temperature, 480, 380);
  std::string sub = "expected calibration error " + percent(metrics.expected_calibration_error.value);
  if (before) sub += ", before temperature " + percent(before->expected_calibration_error);
  return "<div class=\"card single\"><p class=\"sub\">" + sub + "</p>" + line_chart_svg(chart) + legend(chart.series) +
         "</div>\n";
}

std::string class_table(const MetricReport& metrics) {
  std::string rows;
  for (const ClassMetrics& entry : metrics.per_class) {
    rows += row(class_heading(entry.name),
                {std::to_string(entry.count), interval_cell(entry.sensitivity, NumberStyle::Percent),
                 interval_cell(entry.specificity, NumberStyle::Percent), interval_cell(entry.auc, NumberStyle::Plain),
                 interval_cell(entry.average_precision, NumberStyle::Plain)});
  }
  return table({"Class", "Images", "Sensitivity", "Specificity", "AUC", "Average precision"}, rows);
}

std::string screening_table(const MetricReport& metrics) {
  const auto cell = [](const std::optional<Interval>& value) { return interval_cell(value, NumberStyle::Percent); };
  std::string rows;
  rows += row("Melanoma, sensitivity", {cell(metrics.melanoma_sensitivity_at_90_specificity),
                                        cell(metrics.melanoma_sensitivity_at_95_specificity)});
  rows += row("Malignant, sensitivity", {cell(metrics.malignant_sensitivity_at_90_specificity),
                                         cell(metrics.malignant_sensitivity_at_95_specificity)});
  const std::string first = table({"", "at 90 % specificity", "at 95 % specificity"}, rows);
  rows = row("Malignant, specificity", {cell(metrics.malignant_specificity_at_90_sensitivity),
                                        cell(metrics.malignant_specificity_at_95_sensitivity)});
  return first + table({"", "at 90 % sensitivity", "at 95 % sensitivity"}, rows);
}

std::string operating_point_table(const MetricReport& metrics) {
  if (metrics.operating_points.empty())
    return "<p class=\"note\">None: neither melanoma nor other malignant classes.</p>\n";
  std::string rows;
  for (const DecisionThreshold& point : metrics.operating_points) {
    const std::string wanted = point.wanted_sensitivity
                                   ? "found here for " + number(100 * *point.wanted_sensitivity) + "\u00A0%"
                                   : "set by the model";
    rows += row(escape(target_name(point.target)),
                {escape(wanted), fixed(point.threshold, 4), interval_cell(point.sensitivity, NumberStyle::Percent),
                 interval_cell(point.specificity, NumberStyle::Percent)});
  }
  return table({"Target", "Origin", "Threshold", "Sensitivity", "Specificity"}, rows);
}

}  // namespace dermdistill::html
