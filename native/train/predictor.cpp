#include "native/train/predictor.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/metrics/predictions.h"

namespace dermdistill {

namespace {

/// sums[first + i, :] += share * values[i, :], rows of `width` values.
void add_scaled(std::span<const float> values, float share, int first, int width, std::vector<float>& sums) {
  float* const begin = sums.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(width);
  for (std::size_t i = 0; i < values.size(); ++i) begin[i] += share * values[i];
}

}  // namespace

struct Predictor::State {
  InferencePass pass;
  int batch, classes, size, channels, early_channels;
  double temperature;
  std::span<const ViewOrientation> orientations;
  std::vector<float> turned = {};

  /// The images [count, size, size, 3] in an orientation; valid until the next call.
  std::span<const float> laid(std::span<const float> images, int count, ViewOrientation orientation) {
    if (!orientation.mirrored && orientation.quarter_turns == 0) return images;
    turned.resize(images.size());
    const std::size_t image = images.size() / static_cast<std::size_t>(count);
    parallel_for(count, [&](std::int64_t i) {
      const std::size_t begin = static_cast<std::size_t>(i) * image;
      turn_view(images.subspan(begin, image), size, orientation, std::span(turned).subspan(begin, image));
    });
    return turned;
  }
};

Predictor::Predictor(const FoldedNetwork& network, const ModelCard& card, int batch) {
  if (batch < 1) throw InputError("batch size", std::to_string(batch), "at least 1");
  if (!is_orientation_count(card.orientations))
    throw InputError("orientations of a picture", std::to_string(card.orientations), "1, 2, 4 or 8");
  const int size = card.preprocessing.size;
  state_ = std::make_unique<State>(
      State{InferencePass(network, backend_named("auto"), batch, size, size), batch, network.config.classes, size,
            network.units.back().out_channels, early_shape(network.units, size, size).channels, card.temperature,
            std::span(kViewOrientations).first(static_cast<std::size_t>(card.orientations))});
}

Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;

int Predictor::classes() const { return state_->classes; }
std::span<const ViewOrientation> Predictor::orientations() const { return state_->orientations; }
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
  const auto rows = [n](int values) { return static_cast<std::size_t>(n) * static_cast<std::size_t>(values); };
  Outputs result{std::vector<float>(rows(state_->classes)), std::vector<float>(rows(state_->channels)),
                 std::vector<float>(rows(state_->early_channels))};
  for (int first = 0; first < n; first += state_->batch) {
    const int count = std::min(state_->batch, n - first);
    const auto slice = images.subspan(static_cast<std::size_t>(first) * image, static_cast<std::size_t>(count) * image);
    for (const ViewOrientation orientation : state_->orientations) {
      const NetworkOutputs outputs = state_->pass.forward(state_->laid(slice, count, orientation), count);
      const float share = 1.0f / static_cast<float>(state_->orientations.size());
      add_scaled(outputs.logits, share, first, state_->classes, result.logits);
      add_scaled(outputs.embedding, share, first, state_->channels, result.embeddings);
      add_scaled(outputs.early_embedding, share, first, state_->early_channels, result.early_embeddings);
    }
  }
  return result;
}

std::vector<float> Predictor::probabilities(std::span<const float> images, int n) {
  if (n == 0) return {};
  return probabilities_from_logits(logits(images, n), state_->classes, state_->temperature);
}

}  // namespace dermdistill
