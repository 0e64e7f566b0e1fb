#include "native/audit/robustness.h"

#include <cmath>
#include <deque>
#include <span>

#include "core/base/parallel.h"
#include "core/metrics/evaluator.h"
#include "core/metrics/predictions.h"
#include "native/train/scoring.h"

namespace dermdistill {
namespace {

/// The two figures that are reported, for the undisturbed images first and then for every disturbance.
constexpr std::size_t kFigures = 2;

class FigureTable {
 public:
  void add(const Predictions& predictions) {
    check_predictions(predictions);
    evaluators_.emplace_back(predictions);
  }

  std::size_t size() const { return evaluators_.size() * kFigures; }

  void evaluate(std::span<const std::uint32_t> counts, std::span<double> figures) const {
    std::vector<double> metrics;
    for (std::size_t k = 0; k < evaluators_.size(); ++k) {
      const Evaluator& evaluator = evaluators_[k];
      metrics.resize(static_cast<std::size_t>(evaluator.metric_count()));
      evaluator.evaluate(counts, metrics);
      const int melanoma = evaluator.melanoma();
      figures[kFigures * k] =
          melanoma < 0 ? std::nan("") : metrics[static_cast<std::size_t>(Evaluator::class_place(melanoma, kAucPlace))];
      figures[kFigures * k + 1] = metrics[kBalancedAccuracyPlace];
    }
  }

 private:
  std::deque<Evaluator> evaluators_;  // which cannot be moved
};

/// [samples][table.size()]
std::vector<double> resample_figures(const FigureTable& table, const GroupResampler& resampler, int samples) {
  std::vector<double> values(static_cast<std::size_t>(samples) * table.size());
  parallel_parts([&](int part, int parts) {
    std::vector<std::uint32_t> group_counts(static_cast<std::size_t>(resampler.group_count()));
    std::vector<std::uint32_t> image_counts(static_cast<std::size_t>(resampler.image_count()));
    const auto [first, last] = slice_of(samples, part, parts);
    for (auto sample = static_cast<std::size_t>(first); sample < static_cast<std::size_t>(last); ++sample) {
      resampler.draw(sample, group_counts, image_counts);
      table.evaluate(image_counts, std::span(values).subspan(sample * table.size(), table.size()));
    }
  });
  return values;
}

}  // namespace

Robustness compare_disturbances(const VariedScores& scores, const Dataset& dataset, double temperature,
                                std::uint64_t seed, int bootstrap_samples) {
  Robustness result;
  const auto classes = static_cast<int>(dataset.classes.size());
  result.stability = compare_answers(predicted_classes(scores.upright.logits, classes), scores.disturbed);
  result.bootstrap_samples = bootstrap_samples;

  FigureTable table;
  const Predictions upright = to_predictions(scores.upright, dataset, temperature);
  table.add(upright);
  for (const Variation& variation : scores.disturbed) {
    Predictions predictions = upright;
    predictions.probabilities = probabilities_from_logits(variation.logits, classes, temperature);
    table.add(predictions);
  }
  const GroupResampler resampler(upright.groups, seed);
  std::vector<double> once(table.size());
  table.evaluate(std::vector<std::uint32_t>(upright.labels.size(), 1), once);
  const int samples = resampler.group_count() > 1 ? bootstrap_samples : 0;  // as compute_metrics()
  const std::vector<double> values = resample_figures(table, resampler, samples);

  const auto figure_at = [&](std::size_t place) {
    const std::size_t before = place % kFigures;
    std::vector<double> drawn, changes;
    for (std::size_t first = 0; first < values.size(); first += table.size()) {
      drawn.push_back(values[first + place]);
      changes.push_back(values[first + place] - values[first + before]);
    }
    return DisturbedFigure{percentile_interval(once[place], drawn, result.confidence),
                           percentile_interval(once[place] - once[before], changes, result.confidence)};
  };
  for (std::size_t place = 0; place < table.size(); place += kFigures) {
    DisturbedFigures figures;
    if (!std::isnan(once[place])) figures.melanoma_auc = figure_at(place);
    figures.balanced_accuracy = figure_at(place + 1);
    if (place == 0) {
      result.undisturbed = figures;
    } else {
      result.disturbed.push_back(figures);
    }
  }
  return result;
}

}  // namespace dermdistill
