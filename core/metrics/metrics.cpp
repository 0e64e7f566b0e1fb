#include "core/metrics/metrics.h"

#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/metrics/evaluator.h"

namespace dermdistill {
namespace {

void check_options(const MetricOptions& options, std::span<const std::string> classes) {
  if (options.bootstrap_samples < 0) {
    throw InputError("bootstrap samples", std::to_string(options.bootstrap_samples), "0 or more");
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    throw InputError("confidence of the intervals", std::to_string(options.confidence), "a number between 0 and 1");
  }
  for (const double wanted : options.wanted_sensitivities) {
    if (!(wanted > 0 && wanted <= 1))
      throw InputError("wanted sensitivity", std::to_string(wanted), "above 0, at most 1");
  }
  for (const GivenThreshold& given : options.given_thresholds) {
    known_target_members(classes, given.target);
    if (std::isnan(given.threshold))
      throw NumericError("threshold of " + given.target, "not a number", "a probability");
  }
}

/// The operating points with their thresholds, and the same for the evaluator.
std::vector<FixedThreshold> choose_thresholds(const MetricOptions& options, const Evaluator& evaluator,
                                              std::vector<DecisionThreshold>& points) {
  std::vector<FixedThreshold> fixed;
  for (const std::string_view target : {kMelanomaClass, kMalignantTarget}) {
    const Ranking* ranking = evaluator.target_ranking(target);
    if (!ranking) continue;
    for (const double wanted : options.wanted_sensitivities) {
      const auto point = ranking->threshold_for_sensitivity(wanted);
      if (!point) continue;
      points.push_back({std::string(target), wanted, point->threshold, {}, {}});
      fixed.push_back({ranking, point->threshold});
    }
  }
  for (const GivenThreshold& given : options.given_thresholds) {
    points.push_back({given.target, std::nullopt, given.threshold, {}, {}});
    fixed.push_back({evaluator.target_ranking(given.target), given.threshold});
  }
  return fixed;
}

/// Every metric's bootstrap values, [metrics][samples].
std::vector<double> bootstrap(const Evaluator& evaluator, const GroupResampler& resampler, int samples) {
  const auto metric_count = static_cast<std::size_t>(evaluator.metric_count());
  const auto sample_count = static_cast<std::size_t>(samples);
  std::vector<double> values(metric_count * sample_count);
  parallel_parts([&](int part, int parts) {
    std::vector<std::uint32_t> group_counts(static_cast<std::size_t>(resampler.group_count()));
    std::vector<std::uint32_t> image_counts(static_cast<std::size_t>(resampler.image_count()));
    std::vector<double> row(metric_count);
    const auto [first, last] = slice_of(samples, part, parts);
    for (auto sample = static_cast<std::size_t>(first); sample < static_cast<std::size_t>(last); ++sample) {
      resampler.draw(sample, group_counts, image_counts);
      evaluator.evaluate(image_counts, row);
      for (std::size_t m = 0; m < metric_count; ++m) values[m * sample_count + sample] = row[m];
    }
  });
  return values;
}

/// The intervals of all metrics; value NaN where a metric is not defined.
std::vector<Interval> all_intervals(const Evaluator& evaluator, const GroupResampler& resampler,
                                    const MetricOptions& options) {
  const auto metric_count = static_cast<std::size_t>(evaluator.metric_count());
  std::vector<double> values(metric_count);
  const std::vector<std::uint32_t> once(static_cast<std::size_t>(resampler.image_count()), 1);
  evaluator.evaluate(once, values);
  // One lesion resampled is that lesion again: its interval would have no width and claim certainty.
  const int samples = resampler.group_count() > 1 ? options.bootstrap_samples : 0;
  std::vector<double> resampled = bootstrap(evaluator, resampler, samples);
  std::vector<Interval> intervals;
  for (std::size_t m = 0; m < metric_count; ++m) {
    const auto count = static_cast<std::size_t>(samples);
    intervals.push_back(
        percentile_interval(values[m], std::span(resampled).subspan(m * count, count), options.confidence));
  }
  return intervals;
}

std::optional<Interval> if_defined(const Interval& interval) {
  return std::isnan(interval.value) ? std::nullopt : std::optional(interval);
}

void fill_singles(MetricReport& report, const std::vector<Interval>& intervals, int melanoma) {
  const auto optional_at = [&](int place) { return if_defined(intervals[static_cast<std::size_t>(place)]); };
  report.accuracy = intervals[kAccuracyPlace];
  report.balanced_accuracy = intervals[kBalancedAccuracyPlace];
  report.expected_calibration_error = intervals[kCalibrationErrorPlace];
  report.macro_auc = optional_at(kMacroAucPlace);
  report.mean_average_precision = optional_at(kMeanAveragePrecisionPlace);
  report.melanoma_sensitivity_at_90_specificity = optional_at(kMelanomaAt90Place);
  report.melanoma_sensitivity_at_95_specificity = optional_at(kMelanomaAt95Place);
  if (melanoma >= 0) {
    report.melanoma_sensitivity = optional_at(Evaluator::class_place(melanoma, kSensitivityPlace));
    report.melanoma_auc = optional_at(Evaluator::class_place(melanoma, kAucPlace));
  }
  report.malignant_auc = optional_at(kMalignantAucPlace);
  report.malignant_sensitivity_at_90_specificity = optional_at(kMalignantSensitivityAt90Place);
  report.malignant_sensitivity_at_95_specificity = optional_at(kMalignantSensitivityAt95Place);
  report.malignant_specificity_at_90_sensitivity = optional_at(kMalignantSpecificityAt90Place);
  report.malignant_specificity_at_95_sensitivity = optional_at(kMalignantSpecificityAt95Place);
}

void fill_classes(MetricReport& report, const std::vector<Interval>& intervals, const Evaluator& evaluator) {
  for (int c = 0; c < evaluator.classes(); ++c) {
    const auto at = [&](ClassPlace place) {
      return if_defined(intervals[static_cast<std::size_t>(Evaluator::class_place(c, place))]);
    };
    const Ranking& ranking = evaluator.class_ranking(c);
    ClassMetrics metrics;
    metrics.name = report.classes[static_cast<std::size_t>(c)];
    metrics.count = ranking.positives();
    metrics.sensitivity = at(kSensitivityPlace);
    metrics.specificity = at(kSpecificityPlace);
    metrics.auc = at(kAucPlace);
    metrics.average_precision = at(kAveragePrecisionPlace);
    metrics.roc = ranking.roc_curve();
    metrics.precision_recall = ranking.precision_recall_curve();
    report.per_class.push_back(std::move(metrics));
  }
}

void check_scores(std::span<const float> scores, std::span<const int> labels, int classes) {
  if (labels.empty()) throw InputError("metric", "no images", "at least one");
  if (classes < 1 || scores.size() != labels.size() * static_cast<std::size_t>(classes)) {
    throw InputError("metric",
                     std::to_string(scores.size()) + " scores for " + std::to_string(labels.size()) + " images of " +
                         std::to_string(classes) + " classes",
                     "one score an image and class");
  }
  for (const int label : labels) {
    if (label < 0 || label >= classes) {
      throw InputError("metric", "label " + std::to_string(label), "0 to " + std::to_string(classes - 1));
    }
  }
}

}  // namespace

MetricReport compute_metrics(const Predictions& predictions, const MetricOptions& options) {
  check_predictions(predictions);
  check_options(options, predictions.classes);
  const std::size_t images = predictions.labels.size();
  std::vector<int> groups = predictions.groups;
  if (groups.empty()) {
    groups.resize(images);
    std::iota(groups.begin(), groups.end(), 0);
  }
  Evaluator evaluator(predictions);
  const GroupResampler resampler(groups, options.seed);

  MetricReport report;
  evaluator.set_thresholds(choose_thresholds(options, evaluator, report.operating_points));
  const std::vector<Interval> intervals = all_intervals(evaluator, resampler, options);
  report.images = static_cast<std::int64_t>(images);
  report.groups = resampler.group_count();
  report.bootstrap_samples = options.bootstrap_samples;
  report.confidence = options.confidence;
  report.seed = options.seed;
  report.classes = predictions.classes;
  fill_singles(report, intervals, evaluator.melanoma());
  fill_classes(report, intervals, evaluator);
  for (std::size_t k = 0; k < report.operating_points.size(); ++k) {
    const auto place = static_cast<std::size_t>(evaluator.threshold_place(static_cast<int>(k)));
    report.operating_points[k].sensitivity = if_defined(intervals[place]);
    report.operating_points[k].specificity = if_defined(intervals[place + 1]);
  }
  const std::size_t classes = predictions.classes.size();
  report.confusion.assign(classes, std::vector<std::int64_t>(classes, 0));
  for (std::size_t i = 0; i < images; ++i) {
    ++report.confusion[static_cast<std::size_t>(predictions.labels[i])]
                      [static_cast<std::size_t>(evaluator.predicted()[i])];
  }
  if (const Ranking* malignant = evaluator.malignant_ranking()) report.malignant_roc = malignant->roc_curve();
  report.reliability = reliability(predictions);
  return report;
}

double accuracy(std::span<const float> scores, std::span<const int> labels, int classes) {
  check_scores(scores, labels, classes);
  const auto predicted = predicted_classes(scores, classes);
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) correct += predicted[i] == labels[i];
  return static_cast<double>(correct) / static_cast<double>(labels.size());
}

double balanced_accuracy(std::span<const float> scores, std::span<const int> labels, int classes) {
  check_scores(scores, labels, classes);
  const auto predicted = predicted_classes(scores, classes);
  std::vector<std::int64_t> count(static_cast<std::size_t>(classes)), correct(count.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++count[static_cast<std::size_t>(labels[i])];
    correct[static_cast<std::size_t>(labels[i])] += predicted[i] == labels[i];
  }
  double sum = 0;
  int present = 0;
  for (std::size_t c = 0; c < count.size(); ++c) {
    if (count[c] == 0) continue;
    sum += static_cast<double>(correct[c]) / static_cast<double>(count[c]);
    ++present;
  }
  return sum / present;
}

std::optional<double> macro_auc(std::span<const float> probabilities, std::span<const int> labels, int classes) {
  check_scores(probabilities, labels, classes);
  std::vector<float> scores(labels.size());
  std::vector<std::uint8_t> truth(labels.size());
  double sum = 0;
  int present = 0;
  for (int c = 0; c < classes; ++c) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      scores[i] = probabilities[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(c)];
      truth[i] = labels[i] == c;
    }
    if (const auto auc = Ranking(scores, truth).metrics().auc) {
      sum += *auc;
      ++present;
    }
  }
  return present > 0 ? std::optional(sum / present) : std::nullopt;
}

}  // namespace dermdistill
