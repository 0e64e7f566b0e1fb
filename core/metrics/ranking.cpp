#include "core/metrics/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/error.h"

namespace dermdistill {
namespace {

// 0.95 * 60 is not quite 57 in binary: without it, a share that is met exactly would be missed.
constexpr double kShareTolerance = 1e-9;

bool reaches(std::int64_t count, double share, std::int64_t total) {
  return static_cast<double>(count) >= (share - kShareTolerance) * static_cast<double>(total);
}

double ratio(std::int64_t part, std::int64_t total) { return static_cast<double>(part) / static_cast<double>(total); }

}  // namespace

Ranking::Ranking(std::span<const float> scores, std::span<const std::uint8_t> positive) {
  if (scores.size() != positive.size() || scores.empty()) {
    throw InputError("ranking",
                     std::to_string(scores.size()) + " scores and " + std::to_string(positive.size()) + " truths",
                     "as many of each, and at least one");
  }
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  for (const auto item : order) {
    if (!std::isfinite(scores[item])) throw NumericError("score " + std::to_string(item), "not finite", "a number");
  }
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  entries_.reserve(order.size());
  scores_.reserve(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool last = i + 1 == order.size();
    entries_.push_back({order[i], positive[order[i]] != 0, last || scores[order[i]] != scores[order[i + 1]]});
    scores_.push_back(scores[order[i]]);
    positives_ += positive[order[i]] != 0;
  }
}

Ranking::Totals Ranking::totals(std::span<const std::uint32_t> counts) const {
  if (counts.empty()) return {positives(), negatives()};
  if (counts.size() != entries_.size()) {
    throw InputError("ranking", std::to_string(counts.size()) + " multiplicities", std::to_string(entries_.size()));
  }
  std::int64_t all = 0, positive = 0;
  for (const Entry& entry : entries_) {
    const std::int64_t count = counts[entry.item];
    all += count;
    positive += entry.positive ? count : 0;
  }
  return {positive, all - positive};
}

/// Calls visit(place of the entry, true positives, false positives) for every distinct score, falling, until it returns
/// false.
template <typename Visit>
void Ranking::visit_thresholds(std::span<const std::uint32_t> counts, Visit&& visit) const {
  std::int64_t all = 0, true_positives = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const std::int64_t count = counts.empty() ? 1 : counts[entry.item];
    all += count;
    true_positives += entry.positive ? count : 0;
    if (entry.ends_tie && !visit(i, true_positives, all - true_positives)) return;
  }
}

RankingMetrics Ranking::metrics(std::span<const std::uint32_t> counts) const {
  const Totals total = totals(counts);
  if (total.positives == 0 || total.negatives == 0) return {};
  std::int64_t twice_wins = 0, last_true = 0, last_false = 0;  // pairs won count 2, tied ones 1: exact in integers
  double precision_sum = 0;
  visit_thresholds(counts, [&](std::size_t, std::int64_t true_positives, std::int64_t false_positives) {
    const std::int64_t gained = true_positives - last_true;
    if (gained > 0) {
      twice_wins += gained * (2 * (total.negatives - false_positives) + (false_positives - last_false));
      precision_sum += static_cast<double>(gained) * ratio(true_positives, true_positives + false_positives);
    }
    last_true = true_positives;
    last_false = false_positives;
    return true;
  });
  const double pairs = static_cast<double>(total.positives) * static_cast<double>(total.negatives);
  return {static_cast<double>(twice_wins) / (2 * pairs), precision_sum / static_cast<double>(total.positives)};
}

std::optional<double> Ranking::sensitivity_at_specificity(double specificity,
                                                          std::span<const std::uint32_t> counts) const {
  const Totals total = totals(counts);
  if (total.positives == 0 || total.negatives == 0) return std::nullopt;
  std::int64_t best = 0;
  visit_thresholds(counts, [&](std::size_t, std::int64_t true_positives, std::int64_t false_positives) {
    if (!reaches(total.negatives - false_positives, specificity, total.negatives)) return false;
    best = true_positives;
    return true;
  });
  return ratio(best, total.positives);
}

std::optional<double> Ranking::specificity_at_sensitivity(double sensitivity,
                                                          std::span<const std::uint32_t> counts) const {
  const Totals total = totals(counts);
  if (total.positives == 0 || total.negatives == 0) return std::nullopt;
  std::int64_t false_alarms = 0;
  visit_thresholds(counts, [&](std::size_t, std::int64_t true_positives, std::int64_t false_positives) {
    false_alarms = false_positives;
    return !reaches(true_positives, sensitivity, total.positives);
  });
  return ratio(total.negatives - false_alarms, total.negatives);
}

std::optional<ThresholdPoint> Ranking::at_threshold(double threshold, std::span<const std::uint32_t> counts) const {
  const Totals total = totals(counts);
  if (total.positives == 0 || total.negatives == 0) return std::nullopt;
  std::int64_t found = 0, false_alarms = 0;
  for (std::size_t i = 0; i < entries_.size() && scores_[i] >= threshold; ++i) {
    const std::int64_t count = counts.empty() ? 1 : counts[entries_[i].item];
    (entries_[i].positive ? found : false_alarms) += count;
  }
  return ThresholdPoint{threshold, ratio(found, total.positives),
                        ratio(total.negatives - false_alarms, total.negatives)};
}

std::optional<ThresholdPoint> Ranking::threshold_for_sensitivity(double sensitivity) const {
  if (positives() == 0 || negatives() == 0) return std::nullopt;
  ThresholdPoint point;
  visit_thresholds({}, [&](std::size_t place, std::int64_t true_positives, std::int64_t false_positives) {
    point = {scores_[place], ratio(true_positives, positives()), ratio(negatives() - false_positives, negatives())};
    return !reaches(true_positives, sensitivity, positives());
  });
  return point;
}

std::optional<ThresholdPoint> Ranking::threshold_for_specificity(double specificity) const {
  if (positives() == 0 || negatives() == 0) return std::nullopt;
  ThresholdPoint point{std::numeric_limits<double>::infinity(), 0, 1};
  visit_thresholds({}, [&](std::size_t place, std::int64_t true_positives, std::int64_t false_positives) {
    if (!reaches(negatives() - false_positives, specificity, negatives())) return false;
    point = {scores_[place], ratio(true_positives, positives()), ratio(negatives() - false_positives, negatives())};
    return true;
  });
  return point;
}

RocCurve Ranking::roc_curve() const {
  RocCurve curve;
  if (positives() == 0 || negatives() == 0) return curve;
  struct Corner {
    std::int64_t false_positives, true_positives;
    double threshold;
  };
  std::vector<Corner> corners{{0, 0, std::numeric_limits<double>::infinity()}};
  visit_thresholds({}, [&](std::size_t place, std::int64_t true_positives, std::int64_t false_positives) {
    const Corner next{false_positives, true_positives, scores_[place]};
    if (corners.size() >= 2) {
      const Corner& before = corners[corners.size() - 2];
      const Corner& middle = corners.back();
      const auto cross =
          (middle.false_positives - before.false_positives) * (next.true_positives - middle.true_positives) -
          (middle.true_positives - before.true_positives) * (next.false_positives - middle.false_positives);
      if (cross == 0) corners.pop_back();
    }
    corners.push_back(next);
    return true;
  });
  for (const Corner& corner : corners) {
    curve.false_positive_rate.push_back(ratio(corner.false_positives, negatives()));
    curve.true_positive_rate.push_back(ratio(corner.true_positives, positives()));
    curve.threshold.push_back(corner.threshold);
  }
  return curve;
}

PrecisionRecallCurve Ranking::precision_recall_curve() const {
  PrecisionRecallCurve curve;
  if (positives() == 0) return curve;
  visit_thresholds({}, [&](std::size_t place, std::int64_t true_positives, std::int64_t false_positives) {
    curve.recall.push_back(ratio(true_positives, positives()));
    curve.precision.push_back(ratio(true_positives, true_positives + false_positives));
    curve.threshold.push_back(scores_[place]);
    return true;
  });
  return curve;
}

}  // namespace dermdistill
