#include "native/train/head_training.h"

#include <algorithm>
#include <exception>
#include <map>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"

namespace dermdistill {
namespace {

/// views [views, size, size, 3] of one upright picture.
void make_views(std::span<const float> upright, int size, int views, std::span<float> out) {
  const std::size_t image = upright.size();
  std::vector<float> mirrored(views == kAllViews ? image : 0);
  if (views == kAllViews) mirror_view(upright, size, mirrored);
  for (int view = 0; view < views; ++view)
    rotate_view(view < 4 ? upright : std::span<const float>(mirrored), size, view % 4,
                out.subspan(static_cast<std::size_t>(view) * image, image));
}

}  // namespace

HeadImages head_images(const Dataset& dataset, const ModelCard& card) {
  HeadImages result{card.classes, card.class_names, {}};
  std::vector<int> label_of;
  const std::vector<std::int64_t> counts = dataset.counts();
  for (std::size_t i = 0; i < dataset.classes.size(); ++i) {
    const std::string& name = dataset.classes[i];
    const auto place = std::find(result.classes.begin(), result.classes.end(), name);
    label_of.push_back(static_cast<int>(place - result.classes.begin()));
    if (place != result.classes.end() || counts[i] == 0) continue;
    result.classes.push_back(name);
    result.class_names.push_back(full_class_name(name));
  }
  for (const Sample& sample : dataset.samples)
    result.labels.push_back(label_of[static_cast<std::size_t>(sample.label)]);
  return result;
}

EmbeddedImages embed_images(const LoadedModel& model, const Dataset& dataset, const std::vector<int>& labels,
                            int views) {
  if (views != 1 && views != 4 && views != kAllViews)
    throw InputError("views", std::to_string(views), "1, 4 or " + std::to_string(kAllViews));
  const Preprocessing& preprocessing = model.card.preprocessing;
  const int size = preprocessing.size;
  const std::size_t image = static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3;
  ModelCard card = model.card;
  if (views > 1) card.orientations = 1;  // every one is a row of its own
  Predictor predictor(model.network, card, kScoringBatch);
  Progress progress("Embedding", static_cast<std::int64_t>(dataset.samples.size()), "images");
  EmbeddedImages result;
  std::map<std::string, int> lesions;
  const std::size_t batch = kScoringBatch;
  for (std::size_t first = 0; first < dataset.samples.size(); first += batch) {
    if (interrupt_requested()) throw Interrupted("stopped; nothing was written");
    const std::size_t count = std::min(batch, dataset.samples.size() - first);
    std::vector<float> pixels(count * image * static_cast<std::size_t>(views));
    std::vector<std::exception_ptr> errors(count);
    parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) {
      const auto place = static_cast<std::size_t>(i);
      const std::filesystem::path& file = dataset.samples[first + place].file;
      try {
        std::vector<float> upright(image);
        preprocess(read_file(file), file.string(), preprocessing, upright);
        const std::size_t length = image * static_cast<std::size_t>(views);
        make_views(upright, size, views, std::span<float>(pixels).subspan(place * length, length));
      } catch (...) {
        errors[place] = std::current_exception();
      }
    });
    for (const std::exception_ptr& error : errors)
      if (error) std::rethrow_exception(error);
    const Predictor::Outputs outputs = predictor.run(pixels, static_cast<int>(count) * views);
    result.embeddings.insert(result.embeddings.end(), outputs.embeddings.begin(), outputs.embeddings.end());
    for (std::size_t i = first; i < first + count; ++i) {
      const int lesion = lesions.emplace(dataset.samples[i].lesion, static_cast<int>(lesions.size())).first->second;
      result.labels.insert(result.labels.end(), static_cast<std::size_t>(views), labels[i]);
      result.lesions.insert(result.lesions.end(), static_cast<std::size_t>(views), lesion);
    }
    progress.advance(static_cast<std::int64_t>(count));
  }
  return result;
}

LoadedModel with_head(const LoadedModel& model, const HeadFile& file) {
  LoadedModel result{model.network, personalised_card(model.card, file), std::nullopt, model.early_statistics};
  result.network.config.classes = file.head.classes;
  result.network.classifier_weight = file.head.weight;
  result.network.classifier_bias = file.head.bias;
  if (model.statistics) result.statistics = personalised_statistics(*model.statistics, file);
  return result;
}

}  // namespace dermdistill
