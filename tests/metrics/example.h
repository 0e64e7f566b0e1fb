// Random predictions for the tests of metrics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/metrics/predictions.h"

namespace dermdistill::testing {

/// `images` images of the eight ISIC classes, `images_per_lesion` a lesion, right more often than not.
inline Predictions example_predictions(int images, std::uint64_t seed, int images_per_lesion = 1) {
  Predictions predictions;
  predictions.classes = {"MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"};
  Random random(seed);
  const int classes = static_cast<int>(predictions.classes.size());
  std::vector<float> logits;
  for (int i = 0; i < images; ++i) {
    const int label = static_cast<int>(random.below(static_cast<std::uint64_t>(classes)));
    predictions.image_ids.push_back("ISIC_" + std::to_string(1000000 + i));
    predictions.labels.push_back(label);
    predictions.groups.push_back(i / images_per_lesion);
    for (int c = 0; c < classes; ++c) logits.push_back(static_cast<float>(random.normal() + (c == label ? 1.5 : 0.0)));
  }
  predictions.probabilities = probabilities_from_logits(logits, classes);
  return predictions;
}

/// The images at `places`, in that order.
inline Predictions select_images(const Predictions& predictions, const std::vector<int>& places) {
  Predictions selected;
  selected.classes = predictions.classes;
  const std::size_t classes = predictions.classes.size();
  for (const int place : places) {
    const auto i = static_cast<std::size_t>(place);
    selected.image_ids.push_back(predictions.image_ids[i]);
    selected.labels.push_back(predictions.labels[i]);
    selected.groups.push_back(predictions.groups[i]);
    for (std::size_t c = 0; c < classes; ++c) {
      selected.probabilities.push_back(predictions.probabilities[i * classes + c]);
    }
  }
  return selected;
}

}  // namespace dermdistill::testing
