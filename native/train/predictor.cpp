#include "native/train/predictor.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/metrics/predictions.h"

namespace dermdistill {

struct Predictor::State {
  InferencePass pass;
  int batch, classes, size, channels, early_channels;
  double temperature;
};

Predictor::Predictor(const FoldedNetwork& network, const ModelCard& card, int batch) {
  if (batch < 1) throw InputError("batch size", std::to_string(batch), "at least 1");
  const int size = card.preprocessing.size;
  state_ = std::make_unique<State>(State{InferencePass(network, backend_named("auto"), batch, size, size), batch,
                                         network.config.classes, size, network.units.back().out_channels,
                                         early_shape(network.units, size, size).channels, card.temperature});
}

Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;

int Predictor::classes() const { return state_->classes; }
int Predictor::image_size() const { return state_->size; }

int Predictor::channels() const { return state_->channels; }
int Predictor::early_channels() const { return state_->early_channels; }

std::vector<float> Predictor::logits(std::span<const float> images, int n) { return run(images, n).logits; }

Predictor::Outputs Predictor::run(std::span<const float> images, int n) {
  const std::size_t image = static_cast<std::size_t>(state_->size) * static_cast<std::size_t>(state_->size) * 3;
  if (n < 0 || images.size() != image * static_cast<std::size_t>(n)) {
    throw ShapeError("images", std::to_string(images.size()) + " values",
                     std::to_string(n) + " images of " + std::to_string(image) + " values");
  }
  Outputs result;
  result.logits.reserve(static_cast<std::size_t>(n) * static_cast<std::size_t>(state_->classes));
  result.embeddings.reserve(static_cast<std::size_t>(n) * static_cast<std::size_t>(state_->channels));
  result.early_embeddings.reserve(static_cast<std::size_t>(n) * static_cast<std::size_t>(state_->early_channels));
  for (int first = 0; first < n; first += state_->batch) {
    const int count = std::min(state_->batch, n - first);
    const auto slice = images.subspan(static_cast<std::size_t>(first) * image, static_cast<std::size_t>(count) * image);
    const NetworkOutputs outputs = state_->pass.forward(slice, count);
    result.logits.insert(result.logits.end(), outputs.logits.begin(), outputs.logits.end());
    result.embeddings.insert(result.embeddings.end(), outputs.embedding.begin(), outputs.embedding.end());
    result.early_embeddings.insert(result.early_embeddings.end(), outputs.early_embedding.begin(),
                                   outputs.early_embedding.end());
  }
  return result;
}

std::vector<float> Predictor::probabilities(std::span<const float> images, int n) {
  if (n == 0) return {};
  return probabilities_from_logits(logits(images, n), state_->classes, state_->temperature);
}

}  // namespace dermdistill
