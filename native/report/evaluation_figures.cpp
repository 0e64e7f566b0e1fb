#include "native/report/evaluation_figures.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "native/base/files.h"
#include "native/report/confusion_figure.h"
#include "native/report/html.h"
#include "native/report/metric_charts.h"
#include "native/report/metric_figures.h"
#include "native/report/standalone_svg.h"

namespace dermdistill {
namespace {

using html::ChartSeries;
using html::Figure;
using html::KeyEntry;
using html::LineChart;
using html::NumberStyle;

/// What the figures ask for: melanoma, and the malignant classes together.
struct Target {
  std::string id, name;
  const RocCurve* roc = nullptr;  // empty where all or none of the images are of it
  std::optional<Interval> auc;
  std::optional<Interval> sensitivity_at_90;  // percent specificity
};

std::vector<Target> targets_of(const MetricReport& metrics) {
  std::vector<Target> targets;
  const int melanoma = class_index(metrics.classes, kMelanomaClass);
  if (melanoma >= 0) {
    targets.push_back({std::string(kMelanomaClass),
                       {},
                       &metrics.per_class[static_cast<std::size_t>(melanoma)].roc,
                       metrics.melanoma_auc,
                       metrics.melanoma_sensitivity_at_90_specificity});
  }
  targets.push_back({std::string(kMalignantTarget),
                     {},
                     &metrics.malignant_roc,
                     metrics.malignant_auc,
                     metrics.malignant_sensitivity_at_90_specificity});
  for (Target& target : targets) target.name = html::target_name(target.id);
  return targets;
}

std::string ranking_text(const Target& target) {
  if (!target.auc) return target.name + ": no images of it, or no others";
  std::string text = target.name + ": area under the curve " + html::with_interval(*target.auc, NumberStyle::Plain);
  if (target.sensitivity_at_90)
    text += ", sensitivity at 90\u00A0% specificity " +
            html::with_interval(*target.sensitivity_at_90, NumberStyle::Percent);
  return text;
}

std::string subtitle_of(const EvaluationReport& report) {
  std::string text =
      std::to_string(report.metrics.images) + " images of " + std::to_string(report.metrics.groups) + " lesions";
  if (!report.split.empty()) text += ", " + report.split;
  return report.split_by_image ? text + " (leaks)" : text;
}

std::string interval_line(const MetricReport& metrics) {
  return "In brackets: " + html::number(100 * metrics.confidence, 4) + "\u00A0% intervals, by lesion.";
}

Figure figure_of(const EvaluationReport& report, std::string title, LineChart chart) {
  chart.hover = false;
  chart.x.percents = chart.y.percents = true;
  Figure figure;
  figure.title = std::move(title);
  figure.subtitle = subtitle_of(report);
  figure.width = chart.width;
  figure.height = chart.height;
  figure.content = html::line_chart_content(chart);
  return figure;
}

/// The key's lines are what is read aloud, too.
void describe(Figure& figure, const std::string& what) {
  figure.description = what;
  for (const KeyEntry& entry : figure.key) {
    const std::string mark = entry.letter.empty() ? "" : entry.letter + ": ";
    figure.description += (figure.description.back() == '.' ? " " : ". ") + mark + entry.text;
  }
}

Figure roc_figure(const EvaluationReport& report) {
  LineChart chart = html::unit_square({}, "1 - specificity: share of the others that are flagged (%)",
                                      "sensitivity: share of the group that is flagged (%)", 560, 500);
  chart.diagonal = true;
  std::vector<KeyEntry> key;
  for (const Target& target : targets_of(report.metrics)) {
    const int colour = static_cast<int>(chart.series.size());
    chart.series.push_back(html::thinned(target.name, target.roc->false_positive_rate, target.roc->true_positive_rate));
    chart.series.back().colour = colour;
    key.push_back({KeyEntry::Sample::Line,
                   target.auc ? target.name + ": AUC " + html::with_interval(*target.auc, NumberStyle::Plain)
                              : ranking_text(target),
                   colour});
  }
  key.push_back({KeyEntry::Sample::Reference, "chance: AUC 0.5"});
  Figure figure = figure_of(report, "ROC: melanoma and malignant lesions", std::move(chart));
  figure.key = std::move(key);
  describe(figure, "Receiver operating characteristic.");
  for (const Target& target : targets_of(report.metrics)) figure.description += ". " + ranking_text(target);
  if (report.metrics.bootstrap_samples > 0)
    figure.key.push_back({KeyEntry::Sample::None, interval_line(report.metrics)});
  return figure;
}

/// Sensitivity over specificity, by rising specificity, as far as sensitivity is at least `low`.
ChartSeries falling_curve(const Target& target, double low) {
  std::vector<double> specificity, sensitivity;
  const RocCurve& roc = *target.roc;
  for (std::size_t i = roc.true_positive_rate.size(); i-- > 0;) {
    const double x = 1 - roc.false_positive_rate[i], y = roc.true_positive_rate[i];
    if (y < low) {
      if (!sensitivity.empty() && sensitivity.back() > low) {
        const double part = (sensitivity.back() - low) / (sensitivity.back() - y);
        specificity.push_back(specificity.back() + part * (x - specificity.back()));
        sensitivity.push_back(low);
      }
      break;
    }
    specificity.push_back(x);
    sensitivity.push_back(y);
  }
  return html::thinned(target.name, specificity, sensitivity);
}

/// The points that the model's card sets; where it has none, those found on these very images.
std::vector<DecisionThreshold> shown_points(const MetricReport& metrics) {
  std::vector<DecisionThreshold> given, found;
  for (const DecisionThreshold& point : metrics.operating_points) {
    const bool known = point.target == kMelanomaClass || point.target == kMalignantTarget;
    if (known && point.sensitivity && point.specificity) (point.wanted_sensitivity ? found : given).push_back(point);
  }
  return given.empty() ? found : given;
}

std::string point_text(const DecisionThreshold& point) {
  return html::target_name(point.target) + " \u2265 " + html::percent(point.threshold) +
         (point.wanted_sensitivity ? " (found here)" : "") + ": sensitivity " +
         html::with_interval(*point.sensitivity, NumberStyle::Percent) + ", specificity " +
         html::with_interval(*point.specificity, NumberStyle::Percent);
}

Figure trade_off_figure(const EvaluationReport& report) {
  const auto points = shown_points(report.metrics);
  double low = 0.5;  // below it no one screens; the upper half gets the room
  for (const DecisionThreshold& point : points) low = std::min(low, std::floor(10 * point.sensitivity->value) / 10);
  LineChart chart = html::unit_square({}, "specificity: share of the others that are not flagged (%)",
                                      "sensitivity: share of the group that is flagged (%)", 700, 460);
  chart.y.low = std::max(0.0, low);
  std::vector<KeyEntry> key;
  const auto targets = targets_of(report.metrics);
  for (const Target& target : targets) {
    const int colour = static_cast<int>(chart.series.size());
    chart.series.push_back(falling_curve(target, *chart.y.low));
    chart.series.back().colour = colour;
    std::string text = target.name + " against the rest";
    if (target.sensitivity_at_90)
      text += ": at 90\u00A0% specificity, sensitivity " +
              html::with_interval(*target.sensitivity_at_90, NumberStyle::Percent);
    key.push_back({KeyEntry::Sample::Line, text, colour});
  }
  for (const DecisionThreshold& point : points) {
    const auto target =
        std::find_if(targets.begin(), targets.end(), [&](const Target& one) { return one.id == point.target; });
    if (target == targets.end()) continue;
    const int colour = static_cast<int>(target - targets.begin());
    const std::string letter(1, static_cast<char>('A' + chart.markers.size() % 26));
    chart.markers.push_back({point.specificity->value, point.sensitivity->value, letter, colour});
    key.push_back({KeyEntry::Sample::Letter, point_text(point), colour, letter});
  }
  Figure figure = figure_of(report, "Sensitivity against specificity, with the operating points", std::move(chart));
  figure.key = std::move(key);
  describe(figure, "Sensitivity over specificity, with operating points marked by letters.");
  if (report.metrics.bootstrap_samples > 0)
    figure.key.push_back({KeyEntry::Sample::None, interval_line(report.metrics)});
  return figure;
}

Figure reliability_figure(const EvaluationReport& report) {
  const MetricReport& metrics = report.metrics;
  LineChart chart = html::reliability_lines(metrics, report.before_temperature, report.temperature, 560, 480);
  chart.x.label = "confidence: probability of the most probable class (%)";
  chart.y.label = "share of these images that are right (%)";
  std::vector<KeyEntry> key;
  for (const ChartSeries& series : chart.series) {
    const std::string error = series.dashed
                                  ? html::percent(report.before_temperature->expected_calibration_error)
                                  : html::with_interval(metrics.expected_calibration_error, NumberStyle::Percent);
    key.push_back({series.dashed ? KeyEntry::Sample::Dashed : KeyEntry::Sample::Line,
                   series.name + ": expected calibration error " + error, series.colour});
  }
  key.push_back({KeyEntry::Sample::Column, "share of all images that have such a confidence"});
  key.push_back({KeyEntry::Sample::Reference, "as often right as it is sure"});
  Figure figure = figure_of(report, "Reliability", std::move(chart));
  figure.key = std::move(key);
  describe(figure, "Reliability diagram.");
  for (const ReliabilityBin& bin : metrics.reliability.bins) {
    if (bin.count == 0) continue;
    figure.description += ". Confidence " + html::percent(bin.mean_confidence) + ": " + html::percent(bin.accuracy) +
                          " right, " + std::to_string(bin.count) + " images";
  }
  if (metrics.bootstrap_samples > 0) figure.key.push_back({KeyEntry::Sample::None, interval_line(metrics)});
  return figure;
}

}  // namespace

std::vector<FigureFile> evaluation_figures(const EvaluationReport& report) {
  Figure confusion = html::confusion_figure(report.metrics);
  confusion.subtitle = subtitle_of(report);
  return {{"roc.svg", html::standalone_svg(roc_figure(report))},
          {"sensitivity-specificity.svg", html::standalone_svg(trade_off_figure(report))},
          {"reliability.svg", html::standalone_svg(reliability_figure(report))},
          {"confusion.svg", html::standalone_svg(confusion)}};
}

void write_evaluation_figures(const std::filesystem::path& folder, const EvaluationReport& report) {
  for (const FigureFile& figure : evaluation_figures(report)) write_text(folder / figure.name, figure.svg);
}

}  // namespace dermdistill
