// Runs a model over preprocessed images, in batches; evaluation, export and prediction share it. A model whose card
// asks for several orientations sees every image in all of them, and its answer is their mean.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/image/view_orientation.h"
#include "core/io/model_card.h"
#include "core/nn/network.h"

namespace dermdistill {

class Predictor {
 public:
  /// Prepares the engine's fastest backend for up to `batch` images of the card's size at once.
  Predictor(const FoldedNetwork& network, const ModelCard& card, int batch);
  ~Predictor();
  Predictor(Predictor&&) noexcept;

  int classes() const;
  /// Those of a picture that the answer is the mean over.
  std::span<const ViewOrientation> orientations() const;
  int image_size() const;      // side in pixels
  int channels() const;        // of an embedding
  int early_channels() const;  // of an early embedding
  /// images [n, size, size, 3], normalised, any n -> logits [n, classes]. @throws ShapeError when the span is not that
  /// long.
  std::vector<float> logits(std::span<const float> images, int n);
  /// images as for logits() -> logits [n, classes], embeddings [n, channels], early embeddings [n, early channels],
  /// each the mean over the card's orientations; the classifier is linear, so these logits are those of this embedding.
  struct Outputs {
    std::vector<float> logits, embeddings, early_embeddings;
  };
  Outputs run(std::span<const float> images, int n);
  /// As logits(), then softmax(logits / the card's temperature): probabilities [n, classes].
  std::vector<float> probabilities(std::span<const float> images, int n);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermdistill
