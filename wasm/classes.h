// The objects that JavaScript holds on to; each is bound in the file of its name.
#pragma once

#include <emscripten/val.h>
#include <memory>
#include <optional>
#include <string>

#include "core/head/head_trainer.h"
#include "core/image/image.h"
#include "core/io/model_card.h"
#include "core/learn/out_of_distribution.h"

namespace dermdistill::wasm {

class Picture {
 public:
  explicit Picture(Image image) : image_(std::move(image)) {}
  int width() const { return image_.width; }
  int height() const { return image_.height; }
  emscripten::val pixels(int max_side, emscripten::val crop) const;
  emscripten::val tensor(emscripten::val preprocessing, emscripten::val crop, int view) const;
  emscripten::val quality(emscripten::val crop) const;

 private:
  Image image_;
};

class Model {
 public:
  Model(ModelCard card, LinearHead head, std::optional<EmbeddingStatistics> statistics,
        const std::optional<Gaussian>& early_statistics, const std::string& name);
  emscripten::val card_object() const;
  int channels() const { return head_.channels; }
  bool has_statistics() const { return statistics_.has_value(); }
  bool knows_unlike() const { return stranger_score_.has_value(); }
  emscripten::val weight() const;
  emscripten::val bias() const;
  emscripten::val statistics_text() const;
  emscripten::val logits(emscripten::val embeddings) const;
  emscripten::val probabilities(emscripten::val logits) const;
  emscripten::val assess_probabilities(emscripten::val probabilities) const;
  emscripten::val out_of_distribution(emscripten::val early_embedding) const;
  emscripten::val maps(emscripten::val features, int height, int width) const;
  Model* with_head(emscripten::val head_file, const std::string& name, const std::string& trunk_sha256) const;

  const ModelCard& card() const { return card_; }
  const LinearHead& head() const { return head_; }
  const EmbeddingStatistics* statistics() const { return statistics_ ? &*statistics_ : nullptr; }

 private:
  ModelCard card_;
  LinearHead head_;
  std::optional<EmbeddingStatistics> statistics_;
  std::optional<Gaussian> early_statistics_;
  std::optional<StrangerScore> stranger_score_;
};

class Trainer {
 public:
  Trainer(const Model& model, HeadTrainer trainer, std::vector<std::string> class_names);
  int epoch() const { return trainer_.epoch(); }
  int epochs() const { return trainer_.options().epochs; }
  emscripten::val held_out() const;
  emscripten::val train_epoch();
  emscripten::val held_out_scores() const;
  emscripten::val replay_scores() const;
  emscripten::val weight() const;
  emscripten::val bias() const;
  emscripten::val head_file(const std::string& name, const std::string& trunk_sha256) const;

 private:
  HeadTrainer trainer_;
  std::vector<std::string> class_names_;
  ModelCard card_;
  std::optional<EmbeddingStatistics> statistics_;
};

}  // namespace dermdistill::wasm
