// The predictions that are wrong, those first that matter most.
#include <algorithm>
#include <tuple>

#include "core/base/error.h"
#include "native/report/report.h"

namespace dermdistill {

std::vector<Mistake> worst_mistakes(const Predictions& predictions, int count) {
  const int classes = static_cast<int>(predictions.classes.size());
  const int melanoma = class_index(predictions.classes, kMelanomaClass);
  const auto predicted = predicted_classes(predictions.probabilities, classes);
  std::vector<Mistake> mistakes;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    if (predicted[i] == predictions.labels[i]) continue;
    const auto place = i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(predicted[i]);
    mistakes.push_back({static_cast<int>(i), predictions.labels[i], predicted[i], predictions.probabilities[place]});
  }
  std::sort(mistakes.begin(), mistakes.end(), [&](const Mistake& a, const Mistake& b) {
    return std::tuple(a.label != melanoma, -a.confidence, a.image) <
           std::tuple(b.label != melanoma, -b.confidence, b.image);
  });
  mistakes.resize(std::min(mistakes.size(), static_cast<std::size_t>(std::max(0, count))));
  return mistakes;
}

}  // namespace dermdistill
