#include "native/train/scoring.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/data/loader.h"

namespace dermdistill {
namespace {

using nlohmann::json;

/// The "data" object of a config.json or of a card's training: {"folder", "split", ...}.
void read_data_origin(const json& from, DataOrigin& into) {
  const auto data = from.find("data");
  if (data == from.end() || !data->is_object()) return;
  if (into.folder.empty()) into.folder = data->value("folder", "");
  if (into.fingerprint.empty()) into.fingerprint = data->value("fingerprint", "");
  if (!into.split_known && data->contains("split")) {
    into.split = split_config_from_json(data->at("split"));
    into.split_known = true;
  }
}

}  // namespace

std::vector<int> all_indices(const Dataset& dataset) {
  std::vector<int> indices(dataset.samples.size());
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

std::string left_out_text(std::int64_t images) {
  return std::to_string(images) + (images == 1 ? " image" : " images") +
         " of class UNK, which the model does not know, left out";
}

Scores score_samples(Predictor& predictor, const Dataset& dataset, std::span<const int> indices,
                     const Preprocessing& preprocessing, const std::string& title) {
  LoaderConfig config;
  config.batch = kScoringBatch;
  config.workers = thread_count();
  config.preprocessing = preprocessing;
  Loader loader(dataset, indices, config);

  std::optional<Progress> progress;
  if (!title.empty()) progress.emplace(title, static_cast<std::int64_t>(indices.size()), "images");
  Scores scores;
  Batch batch;
  loader.start_epoch(0);
  while (loader.next(batch)) {
    if (interrupt_requested()) throw Interrupted("stopped; nothing was written");
    const Predictor::Outputs outputs = predictor.run(batch.images, static_cast<int>(batch.samples.size()));
    scores.samples.insert(scores.samples.end(), batch.samples.begin(), batch.samples.end());
    scores.labels.insert(scores.labels.end(), batch.labels.begin(), batch.labels.end());
    scores.logits.insert(scores.logits.end(), outputs.logits.begin(), outputs.logits.end());
    scores.embeddings.insert(scores.embeddings.end(), outputs.embeddings.begin(), outputs.embeddings.end());
    scores.early_embeddings.insert(scores.early_embeddings.end(), outputs.early_embeddings.begin(),
                                   outputs.early_embeddings.end());
    if (progress) progress->advance(static_cast<std::int64_t>(batch.samples.size()));
  }
  return scores;
}

double share_of_changed_answers(const Scores& a, const Scores& b) {
  const auto top_class = [](const Scores& scores, std::size_t image) {
    const std::size_t classes = scores.logits.size() / scores.labels.size();
    const float* row = scores.logits.data() + image * classes;
    return std::max_element(row, row + classes) - row;
  };
  std::size_t changed = 0;
  for (std::size_t i = 0; i < a.labels.size(); ++i) changed += top_class(a, i) == top_class(b, i) ? 0 : 1;
  return static_cast<double>(changed) / static_cast<double>(a.labels.size());
}

Predictions to_predictions(const Scores& scores, const Dataset& dataset, double temperature) {
  Predictions predictions;
  predictions.classes = dataset.classes;
  predictions.labels = scores.labels;
  std::map<std::string, int> groups;
  for (const int index : scores.samples) {
    const Sample& sample = dataset.samples[static_cast<std::size_t>(index)];
    predictions.image_ids.push_back(sample.id);
    predictions.groups.push_back(groups.emplace(sample.lesion, static_cast<int>(groups.size())).first->second);
  }
  predictions.probabilities =
      probabilities_from_logits(scores.logits, static_cast<int>(dataset.classes.size()), temperature);
  return predictions;
}

DataOrigin data_origin(const std::filesystem::path& model, const ModelCard& card) {
  DataOrigin result;
  const std::filesystem::path folder = std::filesystem::is_directory(model) ? model : model.parent_path();
  const std::filesystem::path config = folder / "config.json";
  try {
    if (model.extension() != ".onnx" && std::filesystem::exists(config))
      read_data_origin(json::parse(read_text(config)), result);
    read_data_origin(card.training, result);
  } catch (const json::exception& error) {
    throw FormatError(config.string(), std::string("it cannot be read (") + error.what() + ")",
                      "the config.json of a run");
  }
  return result;
}

}  // namespace dermdistill
