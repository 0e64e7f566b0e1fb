#include "native/train/validation.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/learn/temperature.h"
#include "core/metrics/metrics.h"

namespace dermdistill {

nlohmann::json to_json(const ValidationResult& result) {
  nlohmann::json out = {
      {"accuracy", result.accuracy}, {"balanced_accuracy", result.balanced_accuracy}, {"loss", result.loss}};
  if (result.melanoma_sensitivity) out["melanoma_sensitivity"] = *result.melanoma_sensitivity;
  if (result.macro_auc) out["macro_auc"] = *result.macro_auc;
  return out;
}

ValidationResult score_logits(std::span<const float> logits, std::span<const int> labels,
                              std::span<const std::string> classes) {
  const auto count = static_cast<int>(classes.size());
  if (!std::all_of(logits.begin(), logits.end(), [](float value) { return std::isfinite(value); })) {
    throw NumericError("logits of the validation images", "are not finite", "finite numbers; try a smaller --rate");
  }
  ValidationResult result;
  result.accuracy = accuracy(logits, labels, count);
  result.balanced_accuracy = balanced_accuracy(logits, labels, count);
  result.macro_auc = macro_auc(probabilities_from_logits(logits, count), labels, count);
  result.loss = temperature_loss(logits, labels, count, 1.0);
  const int melanoma = class_index(classes, kMelanomaClass);
  const std::vector<int> predicted = predicted_classes(logits, count);
  int present = 0, found = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != melanoma) continue;
    ++present;
    found += predicted[i] == melanoma ? 1 : 0;
  }
  if (present > 0) result.melanoma_sensitivity = static_cast<double>(found) / present;
  return result;
}

Validation::Validation(const Dataset& dataset, std::span<const int> indices, const Preprocessing& preprocessing,
                       int batch, int workers, const Backend& backend)
    : classes_(dataset.classes), batch_(batch), size_(preprocessing.size), backend_(backend) {
  if (indices.empty()) return;
  LoaderConfig config;
  config.batch = batch;
  config.workers = workers;
  config.preprocessing = preprocessing;
  config.augmentation.enabled = false;
  loader_.emplace(dataset, indices, config);
}

std::optional<ValidationResult> Validation::evaluate(const Network& network) {
  if (!loader_) return std::nullopt;
  const FoldedNetwork folded = FoldedNetwork::from(network);
  InferencePass pass(folded, backend_, batch_, size_, size_);
  std::vector<float> logits;
  std::vector<int> labels;
  loader_->start_epoch(0);
  for (Batch batch; loader_->next(batch);) {
    const NetworkOutputs outputs = pass.forward(batch.images, static_cast<int>(batch.samples.size()));
    logits.insert(logits.end(), outputs.logits.begin(), outputs.logits.end());
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  return score_logits(logits, labels, classes_);
}

}  // namespace dermdistill
