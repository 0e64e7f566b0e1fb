// Metrics of one score against a yes-or-no truth: everything that depends on the order of the scores.
// Scores are sorted once; a bootstrap sample is then one pass over multiplicities.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dermdistill {

/// Receiver operating characteristic: one entry a corner, from (0, 0) to (1, 1). "Positive" means score >= threshold.
struct RocCurve {
  std::vector<double> false_positive_rate, true_positive_rate, threshold;  // threshold[0] is infinity
};

/// One entry a distinct score, from the highest threshold (low recall) to the lowest.
struct PrecisionRecallCurve {
  std::vector<double> recall, precision, threshold;
};

/// What the order of the scores gives; absent where there are no positives or no negatives.
struct RankingMetrics {
  std::optional<double> auc;  // chance that a positive ranks above a negative, ties count one half
  std::optional<double>
      average_precision;  // sum of precision times gained recall over distinct thresholds, no interpolation
};

/// A threshold with what it gives. "Positive" means score >= threshold.
struct ThresholdPoint {
  double threshold = 0, sensitivity = 0, specificity = 0;
};

class Ranking {
 public:
  /// @param scores n finite numbers, @param positive n flags. @throws InputError when sizes differ or n is 0,
  /// NumericError for a score that is not finite.
  Ranking(std::span<const float> scores, std::span<const std::uint8_t> positive);

  int size() const { return static_cast<int>(entries_.size()); }
  std::int64_t positives() const { return positives_; }
  std::int64_t negatives() const { return size() - positives_; }

  /// Each of these takes how often every item counts (n multiplicities, in the order of the constructor); empty: once
  /// each.
  RankingMetrics metrics(std::span<const std::uint32_t> counts = {}) const;
  /// The highest sensitivity among thresholds whose specificity is at least `specificity` (no interpolation).
  std::optional<double> sensitivity_at_specificity(double specificity,
                                                   std::span<const std::uint32_t> counts = {}) const;
  /// The highest specificity among thresholds whose sensitivity is at least `sensitivity`.
  std::optional<double> specificity_at_sensitivity(double sensitivity,
                                                   std::span<const std::uint32_t> counts = {}) const;
  /// Sensitivity and specificity of "score >= threshold".
  std::optional<ThresholdPoint> at_threshold(double threshold, std::span<const std::uint32_t> counts = {}) const;

  /// The highest threshold whose sensitivity is at least `sensitivity`: an operating point.
  std::optional<ThresholdPoint> threshold_for_sensitivity(double sensitivity) const;
  /// The lowest threshold whose specificity is at least `specificity`; infinity when no score reaches it.
  std::optional<ThresholdPoint> threshold_for_specificity(double specificity) const;

  /// Empty without positives or without negatives. Points on a straight line between others are left out.
  RocCurve roc_curve() const;
  /// Empty without positives.
  PrecisionRecallCurve precision_recall_curve() const;

 private:
  struct Entry {
    std::uint32_t item;  // place in the constructor's spans
    bool positive;
    bool ends_tie;  // the last entry with this score
  };
  struct Totals {
    std::int64_t positives = 0, negatives = 0;
  };
  Totals totals(std::span<const std::uint32_t> counts) const;
  template <typename Visit>
  void visit_thresholds(std::span<const std::uint32_t> counts, Visit&& visit) const;

  std::vector<Entry> entries_;  // by falling score
  std::vector<float> scores_;   // of the entries
  std::int64_t positives_ = 0;
};

}  // namespace dermdistill
