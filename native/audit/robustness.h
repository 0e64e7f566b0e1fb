// What disturbances of the picture cost: the answers that change, and the figures of the same images without and with
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/metrics/bootstrap.h"
#include "native/audit/stability.h"
#include "native/data/dataset.h"

namespace dermdistill {

struct DisturbedFigure {
  Interval value;
  Interval change;  // against the undisturbed images; a bootstrap sample draws the same lesions for both
};

struct DisturbedFigures {
  std::optional<DisturbedFigure> melanoma_auc;  // absent where no image is a melanoma, or every one
  DisturbedFigure balanced_accuracy;
};

struct Robustness {
  Stability stability;                      // as VariedScores::disturbed
  DisturbedFigures undisturbed;             // as compute_metrics() says; its changes are 0
  std::vector<DisturbedFigures> disturbed;  // as stability.variations
  int bootstrap_samples = 0;
  double confidence = 0.95;
};

/// `temperature` is the card's. `bootstrap_samples`, by lesion, are drawn as compute_metrics() draws them; 0: no
/// intervals. @throws as compare_answers() and to_predictions().
Robustness compare_disturbances(const VariedScores& scores, const Dataset& dataset, double temperature,
                                std::uint64_t seed, int bootstrap_samples);

}  // namespace dermdistill
