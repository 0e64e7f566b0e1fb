#include "core/metrics/evaluator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/metrics/metrics.h"

namespace dermdistill {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double or_undefined(const std::optional<double>& value) { return value.value_or(kUndefined); }

double ratio_or_undefined(std::int64_t part, std::int64_t total) {
  return total > 0 ? static_cast<double>(part) / static_cast<double>(total) : kUndefined;
}

/// The mean of what is defined, so that an absent class neither helps nor harms.
class MeanOfDefined {
 public:
  void add(double value) {
    if (std::isnan(value)) return;
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ > 0 ? sum_ / count_ : kUndefined; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

Evaluator::Evaluator(const Predictions& predictions)
    : class_names_(predictions.classes),
      classes_(static_cast<int>(predictions.classes.size())),
      melanoma_(class_index(predictions.classes, kMelanomaClass)),
      labels_(predictions.labels),
      predicted_(predicted_classes(predictions.probabilities, classes_)) {
  const auto classes = static_cast<std::size_t>(classes_);
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    confidences_.push_back(predictions.probabilities[i * classes + static_cast<std::size_t>(predicted_[i])]);
    bins_.push_back(reliability_bin(confidences_.back(), kReliabilityBins));
  }
  for (const std::string& name : class_names_) {
    class_rankings_.emplace_back(target_scores(predictions, name), target_truth(predictions, name));
  }
  const auto malignant = target_members(class_names_, kMalignantTarget);
  if (std::find(malignant.begin(), malignant.end(), true) != malignant.end()) {
    malignant_ranking_.emplace(target_scores(predictions, kMalignantTarget),
                               target_truth(predictions, kMalignantTarget));
  }
}

const Ranking* Evaluator::target_ranking(std::string_view target) const {
  if (const int c = class_index(class_names_, target); c >= 0) return &class_ranking(c);
  return target == kMalignantTarget ? malignant_ranking() : nullptr;
}

void Evaluator::evaluate(std::span<const std::uint32_t> counts, std::span<double> metrics) const {
  evaluate_top_class(counts, metrics);
  evaluate_rankings(counts, metrics);
  for (std::size_t k = 0; k < thresholds_.size(); ++k) {
    const auto point = thresholds_[k].ranking->at_threshold(thresholds_[k].threshold, counts);
    const auto place = static_cast<std::size_t>(threshold_place(static_cast<int>(k)));
    metrics[place] = point ? point->sensitivity : kUndefined;
    metrics[place + 1] = point ? point->specificity : kUndefined;
  }
}

void Evaluator::evaluate_top_class(std::span<const std::uint32_t> counts, std::span<double> metrics) const {
  struct Tally {
    std::int64_t labelled = 0, predicted = 0, correct = 0;
  };
  std::vector<Tally> tallies(static_cast<std::size_t>(classes_));
  std::vector<double> surplus(kReliabilityBins);  // sum of correct - confidence, a bin
  std::int64_t images = 0, correct = 0;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const std::int64_t count = counts[i];
    if (count == 0) continue;
    const bool right = labels_[i] == predicted_[i];
    images += count;
    correct += right ? count : 0;
    tallies[static_cast<std::size_t>(labels_[i])].labelled += count;
    tallies[static_cast<std::size_t>(predicted_[i])].predicted += count;
    tallies[static_cast<std::size_t>(labels_[i])].correct += right ? count : 0;
    surplus[static_cast<std::size_t>(bins_[i])] += static_cast<double>(count) * ((right ? 1.0 : 0.0) - confidences_[i]);
  }
  metrics[kAccuracyPlace] = ratio_or_undefined(correct, images);
  MeanOfDefined balanced;
  for (int c = 0; c < classes_; ++c) {
    const Tally& tally = tallies[static_cast<std::size_t>(c)];
    const std::int64_t others = images - tally.labelled;
    const double sensitivity = ratio_or_undefined(tally.correct, tally.labelled);
    balanced.add(sensitivity);
    metrics[static_cast<std::size_t>(class_place(c, kSensitivityPlace))] = sensitivity;
    metrics[static_cast<std::size_t>(class_place(c, kSpecificityPlace))] =
        ratio_or_undefined(others - (tally.predicted - tally.correct), others);
  }
  metrics[kBalancedAccuracyPlace] = balanced.value();
  double error = 0;
  for (const double bin : surplus) error += std::abs(bin);
  metrics[kCalibrationErrorPlace] = images > 0 ? error / static_cast<double>(images) : kUndefined;
}

void Evaluator::evaluate_rankings(std::span<const std::uint32_t> counts, std::span<double> metrics) const {
  MeanOfDefined auc, average_precision;
  for (int c = 0; c < classes_; ++c) {
    const RankingMetrics values = class_ranking(c).metrics(counts);
    auc.add(or_undefined(values.auc));
    average_precision.add(or_undefined(values.average_precision));
    metrics[static_cast<std::size_t>(class_place(c, kAucPlace))] = or_undefined(values.auc);
    metrics[static_cast<std::size_t>(class_place(c, kAveragePrecisionPlace))] = or_undefined(values.average_precision);
  }
  metrics[kMacroAucPlace] = auc.value();
  metrics[kMeanAveragePrecisionPlace] = average_precision.value();

  const auto melanoma_at = [&](double specificity) {
    return melanoma_ < 0 ? kUndefined
                         : or_undefined(class_ranking(melanoma_).sensitivity_at_specificity(specificity, counts));
  };
  metrics[kMelanomaAt90Place] = melanoma_at(0.90);
  metrics[kMelanomaAt95Place] = melanoma_at(0.95);

  const auto malignant = [&](auto&& metric) {
    return malignant_ranking_ ? or_undefined(metric(*malignant_ranking_)) : kUndefined;
  };
  metrics[kMalignantAucPlace] = malignant([&](const Ranking& r) { return r.metrics(counts).auc; });
  metrics[kMalignantSensitivityAt90Place] =
      malignant([&](const Ranking& r) { return r.sensitivity_at_specificity(0.90, counts); });
  metrics[kMalignantSensitivityAt95Place] =
      malignant([&](const Ranking& r) { return r.sensitivity_at_specificity(0.95, counts); });
  metrics[kMalignantSpecificityAt90Place] =
      malignant([&](const Ranking& r) { return r.specificity_at_sensitivity(0.90, counts); });
  metrics[kMalignantSpecificityAt95Place] =
      malignant([&](const Ranking& r) { return r.specificity_at_sensitivity(0.95, counts); });
}

}  // namespace dermdistill
