// What a model says of part of a data set: the common ground of export and evaluation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/io/model_card.h"
#include "core/metrics/predictions.h"
#include "native/data/dataset.h"
#include "native/data/split.h"
#include "native/train/predictor.h"

namespace dermdistill {

struct Scores {
  std::vector<int> samples;                  // indices into Dataset::samples
  std::vector<int> labels;                   // one a sample
  std::vector<float> logits;                 // [samples, classes], not calibrated
  std::vector<float> embeddings = {};        // [samples, channels]
  std::vector<float> early_embeddings = {};  // [samples, early channels]
};

/// Images that are decoded, and run, together.
inline constexpr int kScoringBatch = 32;

/// 0, 1, ... for every sample.
std::vector<int> all_indices(const Dataset& dataset);

/// "3 images of class UNK, which the model does not know, left out".
std::string left_out_text(std::int64_t images);

/// Runs the model over the samples at `indices`, in that order, decoding in background threads. `title` heads the
/// progress bar; empty: none is shown. @throws what reading an image threw, naming the file; InputError for no images;
/// Interrupted on Ctrl-C.
Scores score_samples(Predictor& predictor, const Dataset& dataset, std::span<const int> indices,
                     const Preprocessing& preprocessing, const std::string& title);

/// For metrics: softmax(logits / temperature), with ids and with lesions numbered as groups of the bootstrap.
Predictions to_predictions(const Scores& scores, const Dataset& dataset, double temperature);

/// Share of the images whose most probable class is another, of two scorings of the same images in the same order.
double share_of_changed_answers(const Scores& a, const Scores& b);

/// Where a model's training data lies and how it was divided, as its card or its run's config.json says.
struct DataOrigin {
  std::string folder;       // "" when not known
  std::string fingerprint;  // Dataset::fingerprint(); "" when not known
  bool split_known = false;
  SplitConfig split;
};

/// `model` is what load_model() was given; a run folder's config.json is asked first, then the card.
/// @throws FormatError for a config.json that cannot be read.
DataOrigin data_origin(const std::filesystem::path& model, const ModelCard& card);

}  // namespace dermdistill
