#include "native/audit/stability.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/image/image.h"
#include "core/metrics/predictions.h"
#include "native/audit/disturbances.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/data/jpeg_writer.h"

namespace dermdistill {
namespace {

/// Some images as the network sees them, each in several views.
struct ViewBatch {
  std::size_t values;                         // of one image
  std::vector<float> upright;                 // [images, values]
  std::vector<std::vector<float>> stored;     // as kJpegQualities, likewise
  std::vector<std::vector<float>> disturbed;  // as kDisturbances, likewise
  std::vector<std::exception_ptr> failures;   // one an image, null where it was read
};

std::span<float> row_of(std::vector<float>& images, std::int64_t image, std::size_t values) {
  return std::span<float>(images).subspan(static_cast<std::size_t>(image) * values, values);
}

/// `first` is the first sample's place in the data set.
void read_views(std::span<const Sample> samples, std::int64_t first, const Preprocessing& preprocessing,
                ViewBatch& batch) {
  batch.failures.assign(samples.size(), nullptr);
  parallel_for(static_cast<std::int64_t>(samples.size()), [&](std::int64_t i) {
    const Sample& sample = samples[static_cast<std::size_t>(i)];
    try {
      const std::string name = sample.file.string();
      const Image image = decode_image(read_file(sample.file), name);
      preprocess(image, std::nullopt, preprocessing, row_of(batch.upright, i, batch.values));
      for (std::size_t k = 0; k < kJpegQualities.size(); ++k) {
        const Image again = decode_image(encode_jpeg(image, kJpegQualities[k]), name + " stored again");
        preprocess(again, std::nullopt, preprocessing, row_of(batch.stored[k], i, batch.values));
      }
      for (std::size_t k = 0; k < kDisturbances.size(); ++k) {
        const Image disturbed = disturb(image, kDisturbances[k], static_cast<std::uint64_t>(first + i));
        preprocess(disturbed, std::nullopt, preprocessing, row_of(batch.disturbed[k], i, batch.values));
      }
    } catch (...) {
      batch.failures[static_cast<std::size_t>(i)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : batch.failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

template <typename T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

bool answers_alike(const Predictor& predictor, ViewOrientation orientation) {
  const auto looks = predictor.orientations();
  return std::find(looks.begin(), looks.end(), orientation) != looks.end();
}

std::string to_string(ViewOrientation orientation) {
  if (orientation.mirrored && orientation.quarter_turns == 0) return "mirrored";
  return (orientation.mirrored ? "mirrored, turned by " : "turned by ") +
         std::to_string(90 * orientation.quarter_turns) + " degrees";
}

VariedScores score_variations(Predictor& predictor, const Dataset& dataset, const Preprocessing& preprocessing,
                              const std::string& title) {
  const auto images = static_cast<std::int64_t>(dataset.samples.size());
  if (images == 0) throw InputError("the images to be varied", "there are none", "at least one");
  const int size = preprocessing.size;
  ViewBatch batch;
  batch.values = static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3;
  batch.upright.resize(static_cast<std::size_t>(std::min<std::int64_t>(images, kScoringBatch)) * batch.values);
  batch.stored.assign(kJpegQualities.size(), std::vector<float>(batch.upright.size()));
  batch.disturbed.assign(kDisturbances.size(), std::vector<float>(batch.upright.size()));
  std::vector<float> turned(batch.upright.size());

  VariedScores result;
  for (const ViewOrientation orientation : kOtherOrientations) result.turned.push_back({to_string(orientation)});
  for (const int quality : kJpegQualities) result.stored.push_back({"JPEG quality " + std::to_string(quality)});
  for (const Disturbance disturbance : kDisturbances) result.disturbed.push_back({to_string(disturbance)});
  std::optional<Progress> progress;
  if (!title.empty()) progress.emplace(title, images, "images");
  for (std::int64_t first = 0; first < images; first += kScoringBatch) {
    const std::int64_t count = std::min<std::int64_t>(kScoringBatch, images - first);
    const auto samples = std::span<const Sample>(dataset.samples)
                             .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    const auto run = [&](const std::vector<float>& views) {
      if (interrupt_requested()) throw Interrupted("stopped; nothing was written");
      const auto filled = std::span<const float>(views).first(static_cast<std::size_t>(count) * batch.values);
      return predictor.run(filled, static_cast<int>(count));
    };
    const auto note_answers = [&](const std::vector<float>& views, Variation& variation) {
      append(variation.answers, predicted_classes(run(views).logits, predictor.classes()));
    };
    read_views(samples, first, preprocessing, batch);
    const Predictor::Outputs outputs = run(batch.upright);
    append(result.upright.logits, outputs.logits);
    append(result.upright.embeddings, outputs.embeddings);
    append(result.upright.early_embeddings, outputs.early_embeddings);
    for (std::int64_t i = 0; i < count; ++i) {
      result.upright.samples.push_back(static_cast<int>(first + i));
      result.upright.labels.push_back(samples[static_cast<std::size_t>(i)].label);
    }
    for (std::size_t k = 0; k < kOtherOrientations.size(); ++k) {
      if (answers_alike(predictor, kOtherOrientations[k])) {
        append(result.turned[k].answers, predicted_classes(outputs.logits, predictor.classes()));
        continue;
      }
      parallel_for(count, [&](std::int64_t i) {
        turn_view(row_of(batch.upright, i, batch.values), size, kOtherOrientations[k], row_of(turned, i, batch.values));
      });
      note_answers(turned, result.turned[k]);
    }
    for (std::size_t k = 0; k < kJpegQualities.size(); ++k) note_answers(batch.stored[k], result.stored[k]);
    for (std::size_t k = 0; k < kDisturbances.size(); ++k) {
      const std::vector<float> logits = run(batch.disturbed[k]).logits;
      append(result.disturbed[k].logits, logits);
      append(result.disturbed[k].answers, predicted_classes(logits, predictor.classes()));
    }
    if (progress) progress->advance(count);
  }
  return result;
}

Stability compare_answers(std::span<const int> answers, std::span<const Variation> variations) {
  if (answers.empty() || variations.empty())
    throw InputError("answers to be compared", "there are none", "those of at least one image and one variation");
  const auto images = static_cast<double>(answers.size());
  std::vector<bool> changed_ever(answers.size(), false);
  Stability result;
  for (const Variation& variation : variations) {
    if (variation.answers.size() != answers.size()) {
      throw ShapeError("answers for pictures " + variation.name, std::to_string(variation.answers.size()) + " of them",
                       std::to_string(answers.size()));
    }
    std::int64_t changed = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (variation.answers[i] == answers[i]) continue;
      ++changed;
      changed_ever[i] = true;
    }
    result.variations.push_back({variation.name, static_cast<double>(changed) / images});
    result.mean += result.variations.back().changed / static_cast<double>(variations.size());
  }
  result.any = static_cast<double>(std::count(changed_ever.begin(), changed_ever.end(), true)) / images;
  return result;
}

}  // namespace dermdistill
