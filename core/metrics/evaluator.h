// All scalar metrics of one set of predictions for any multiplicities of its images: what the bootstrap calls a
// thousand times.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/metrics/predictions.h"
#include "core/metrics/ranking.h"

namespace dermdistill {

/// A threshold whose sensitivity and specificity are among the metrics, on one of the evaluator's rankings.
struct FixedThreshold {
  const Ranking* ranking = nullptr;
  double threshold = 0;
};

/// Places in the row of metrics. Per class and per threshold there are blocks behind the single numbers.
enum MetricPlace : int {
  kAccuracyPlace,
  kBalancedAccuracyPlace,
  kMacroAucPlace,
  kMeanAveragePrecisionPlace,
  kCalibrationErrorPlace,
  kMelanomaAt90Place,
  kMelanomaAt95Place,
  kMalignantAucPlace,
  kMalignantSensitivityAt90Place,
  kMalignantSensitivityAt95Place,
  kMalignantSpecificityAt90Place,
  kMalignantSpecificityAt95Place,
  kSinglePlaces
};
enum ClassPlace : int { kSensitivityPlace, kSpecificityPlace, kAucPlace, kAveragePrecisionPlace, kClassPlaces };

class Evaluator {
 public:
  /// `predictions` must be checked.
  explicit Evaluator(const Predictions& predictions);
  Evaluator(const Evaluator&) = delete;  // thresholds point at the rankings
  Evaluator& operator=(const Evaluator&) = delete;
  void set_thresholds(std::vector<FixedThreshold> thresholds) { thresholds_ = std::move(thresholds); }

  int classes() const { return classes_; }
  int melanoma() const { return melanoma_; }  // -1 when there is no such class
  const Ranking& class_ranking(int c) const { return class_rankings_[static_cast<std::size_t>(c)]; }
  const Ranking* malignant_ranking() const { return malignant_ranking_ ? &*malignant_ranking_ : nullptr; }
  /// Of a class or of kMalignantTarget; null when these classes do not have it.
  const Ranking* target_ranking(std::string_view target) const;
  const std::vector<int>& predicted() const { return predicted_; }

  int metric_count() const { return threshold_place(static_cast<int>(thresholds_.size())); }
  static int class_place(int c, ClassPlace place) { return kSinglePlaces + c * kClassPlaces + place; }
  /// Where threshold k's sensitivity is; its specificity follows.
  int threshold_place(int k) const { return class_place(classes_, kSensitivityPlace) + 2 * k; }

  /// Fills `metrics` (metric_count() numbers); NaN where a metric is not defined. Safe to call from several threads.
  void evaluate(std::span<const std::uint32_t> counts, std::span<double> metrics) const;

 private:
  void evaluate_top_class(std::span<const std::uint32_t> counts, std::span<double> metrics) const;
  void evaluate_rankings(std::span<const std::uint32_t> counts, std::span<double> metrics) const;

  std::vector<std::string> class_names_;
  int classes_ = 0, melanoma_ = -1;
  std::vector<int> labels_, predicted_, bins_;
  std::vector<double> confidences_;
  std::vector<Ranking> class_rankings_;
  std::optional<Ranking> malignant_ranking_;
  std::vector<FixedThreshold> thresholds_;
};

}  // namespace dermdistill
