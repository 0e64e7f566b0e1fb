// dermdistill predict: calibrated probabilities for images, by the engine that training and the web page use.
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/learn/out_of_distribution.h"
#include "core/metrics/predictions.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/cli/commands.h"
#include "native/cli/image_paths.h"
#include "native/cli/logit_comparison.h"
#include "native/cli/prediction_text.h"
#include "native/cli/thread_option.h"
#include "native/data/picture_batch.h"
#include "native/train/model_file.h"
#include "native/train/predictor.h"

namespace dermdistill {
namespace {

constexpr std::size_t kBatch = 32;

struct PredictOptions {
  std::string model, against;
  std::vector<std::string> images;
  bool json = false;
  int threads = available_threads();
};

/// Predicts one batch and prints it in the order of the files; returns how many could not be read.
int predict_batch(Predictor& predictor, const ModelCard& card, const std::optional<StrangerScore>& stranger_score,
                  std::span<const std::filesystem::path> files, bool json) {
  const PictureBatch images = read_pictures(files, card.preprocessing);
  const auto classes = card.classes.size();
  const std::size_t pixels =
      static_cast<std::size_t>(predictor.image_size()) * static_cast<std::size_t>(predictor.image_size()) * 3;
  const Predictor::Outputs outputs = predictor.run(images.pixels, static_cast<int>(images.pixels.size() / pixels));
  const std::vector<float> probabilities =
      outputs.logits.empty() ? std::vector<float>{}
                             : probabilities_from_logits(outputs.logits, static_cast<int>(classes), card.temperature);
  std::size_t row = 0;
  int failed = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string file = files[i].string();
    if (!images.errors[i].empty()) {
      ++failed;
      std::fflush(stdout);
      if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");  // where a progress bar may stand
      std::fprintf(stderr, "dermdistill: error: %s\n", images.errors[i].c_str());
      if (json) std::printf("%s\n", error_json(file, images.errors[i]).c_str());
      continue;
    }
    const auto values = std::span<const float>(probabilities).subspan(row * classes, classes);
    std::optional<StrangerVerdict> verdict;
    if (stranger_score) {
      const auto channels = static_cast<std::size_t>(predictor.early_channels());
      verdict = (*stranger_score)(std::span<const float>(outputs.early_embeddings).subspan(row * channels, channels));
    }
    ++row;
    const std::string text =
        json ? prediction_json(card, file, values, verdict) : prediction_table(card, file, values, verdict);
    std::printf("%s\n", text.c_str());
  }
  std::fflush(stdout);
  return failed;
}

/// Calls use(files) for a batch after the other, until the person stops it.
template <typename Use>
void for_each_batch(const std::vector<std::filesystem::path>& files, const Use& use) {
  for (std::size_t first = 0; first < files.size(); first += kBatch) {
    if (interrupt_requested())
      throw Interrupted("stopped after " + std::to_string(first) + " of " + std::to_string(files.size()) + " images");
    const auto begin = files.begin() + static_cast<std::ptrdiff_t>(first);
    use(std::span(begin, std::min(kBatch, files.size() - first)));
  }
}

/// Prints how far the logits of two models are apart; both see the pictures as the first one's card says.
void compare(const PredictOptions& options) {
  set_thread_count(options.threads);
  const LoadedModel model = load_model(options.model);
  LoadedModel other = load_model(options.against);
  const Preprocessing& preprocessing = model.card.preprocessing;
  if (model.card.classes != other.card.classes || preprocessing.size != other.card.preprocessing.size)
    throw InputError("model " + options.against, "it has other classes or another size of pictures",
                     "those of " + options.model);
  other.card.orientations = model.card.orientations;
  Predictor ours(model.network, model.card, kBatch), theirs(other.network, other.card, kBatch);
  LogitComparison comparison;
  for_each_batch(expand_image_paths(options.images), [&](std::span<const std::filesystem::path> files) {
    const PictureBatch images = read_pictures(files, preprocessing);
    for (const std::string& error : images.errors)
      if (!error.empty()) throw InputError("pictures", error, "pictures that can be read");
    const int count = static_cast<int>(files.size());
    comparison.add(ours.logits(images.pixels, count), theirs.logits(images.pixels, count), ours.classes());
  });
  std::printf("%s\n", options.json ? to_json(comparison).dump().c_str() : to_text(comparison).c_str());
}

void predict(const PredictOptions& options) {
  set_thread_count(options.threads);
  const LoadedModel model = load_model(options.model);
  const std::vector<std::filesystem::path> files = expand_image_paths(options.images);
  Predictor predictor(model.network, model.card, static_cast<int>(std::min(kBatch, files.size())));
  const auto stranger_score = StrangerScore::from(
      model.card.out_of_distribution, model.early_statistics ? &*model.early_statistics : nullptr, options.model);
  // Predictions on a terminal are progress enough; a bar would stand between them.
  std::optional<Progress> progress;
  if (files.size() > kBatch && ::isatty(STDOUT_FILENO) == 0)
    progress.emplace("predict", static_cast<std::int64_t>(files.size()), "images");
  if (options.json && model.card.operating_points.empty())
    std::fprintf(stderr, "dermdistill: warning: %s\n", kNotCalibrated);
  int failed = 0;
  for_each_batch(files, [&](std::span<const std::filesystem::path> batch) {
    failed += predict_batch(predictor, model.card, stranger_score, batch, options.json);
    if (progress) progress->advance(static_cast<std::int64_t>(batch.size()));
  });
  progress.reset();
  if (!options.json && model.card.operating_points.empty()) std::printf("%s\n", kNotCalibrated);
  if (!options.json) std::printf("%s\n", kDisclaimer);
  std::fflush(stdout);
  if (failed > 0) {
    throw InputError(std::to_string(failed) + " of " + std::to_string(files.size()) + " images could not be read");
  }
}

}  // namespace

void add_predict_command(CLI::App& app) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "Show a model's calibrated probabilities for images");
  command->add_option("--model", options->model, "A student.onnx, a run folder or a .safetensors checkpoint")
      ->required()
      ->type_name("MODEL");
  command->add_option("images", options->images, "JPEG or PNG files, or folders of them")
      ->required()
      ->type_name("IMAGE");
  command->add_flag("--json", options->json, "One line of JSON an image, on standard output");
  command
      ->add_option("--against", options->against,
                   "Print instead how far this model's logits are from another's, such as those of a run from those of "
                   "its export")
      ->type_name("MODEL");
  add_thread_option(*command, options->threads);
  command->footer(
      "Example:\n"
      "  dermdistill predict --model student.onnx lesion.jpg more-lesions/\n"
      "Images that cannot be read are named on standard error, and the exit status is then 1.\n"
      "Research and education software; not a medical device.");
  command->callback([options] {
    catch_interrupts();
    options->against.empty() ? predict(*options) : compare(*options);
  });
}

}  // namespace dermdistill
