#include "core/metrics/reliability.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace dermdistill {

int reliability_bin(double confidence, int bins) {
  return std::clamp(static_cast<int>(std::ceil(confidence * bins)) - 1, 0, bins - 1);
}

Reliability reliability(const Predictions& predictions, int bins) {
  check_predictions(predictions);
  if (bins < 1) throw InputError("reliability", std::to_string(bins) + " bins", "at least one");
  Reliability result;
  for (int b = 0; b < bins; ++b) {
    result.bins.push_back({static_cast<double>(b) / bins, static_cast<double>(b + 1) / bins, 0, 0, 0});
  }
  const std::size_t classes = predictions.classes.size();
  const auto predicted = predicted_classes(predictions.probabilities, static_cast<int>(classes));
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double confidence = predictions.probabilities[i * classes + static_cast<std::size_t>(predicted[i])];
    ReliabilityBin& bin = result.bins[static_cast<std::size_t>(reliability_bin(confidence, bins))];
    ++bin.count;
    bin.mean_confidence += confidence;
    bin.accuracy += predicted[i] == predictions.labels[i];
  }
  for (ReliabilityBin& bin : result.bins) {
    if (bin.count == 0) continue;
    const auto count = static_cast<double>(bin.count);
    result.expected_calibration_error +=
        std::abs(bin.accuracy - bin.mean_confidence) / static_cast<double>(predicted.size());
    bin.mean_confidence /= count;
    bin.accuracy /= count;
  }
  return result;
}

}  // namespace dermdistill
