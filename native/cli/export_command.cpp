// dermdistill export: a trained student as one ONNX file that carries everything that is known of it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/orientations_option.h"
#include "native/cli/thread_option.h"
#include "native/train/export_card.h"
#include "native/train/model_file.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"
#include "native/train/training_data.h"

namespace dermdistill {
namespace {

constexpr int kStatisticsImages = 5000;  // of the training part, for the statistics of embeddings

struct ExportOptions {
  std::string model, data, out, name;
  std::vector<std::string> notices;
  bool uncalibrated = false, half = false;
  std::optional<int> detail, orientations;
  int threads = available_threads();
  std::uint64_t seed = 2019;
};

/// Where each class's embeddings lie, and early ones all together, from training images as inference sees them: the
/// validation part stays what thresholds are measured on.
void fit_statistics(Predictor& predictor, LoadedModel& model, const Dataset& loaded, std::span<const int> training,
                    std::uint64_t seed) {
  const std::vector<int> chosen = limited(loaded, training, kStatisticsImages, seed);
  const Dataset dataset = with_classes(loaded, chosen, model.card.classes).dataset;
  const Scores scores =
      score_samples(predictor, dataset, all_indices(dataset), model.card.preprocessing, "Fitting embedding statistics");
  model.statistics =
      fit_embedding_statistics(scores.embeddings, scores.labels, model.card.classes, predictor.channels());
  model.early_statistics = fit_gaussian(scores.early_embeddings, predictor.early_channels());
}

/// Fits and measures on the validation part of the run's own split, so that nothing it was trained on is used.
void calibrate(LoadedModel& model, const ExportOptions& options) {
  const DataOrigin origin = data_origin(options.model, model.card);
  const std::string folder = options.data.empty() ? origin.folder : options.data;
  if (folder.empty()) {
    throw InputError("model " + options.model, "it does not say where its data is", "--data DIR (or --uncalibrated)");
  }
  const Dataset loaded = load_dataset(folder);
  warn_of_incomplete_rows(loaded);
  const std::string fingerprint = loaded.fingerprint();
  if (!origin.fingerprint.empty() && origin.fingerprint != fingerprint) {
    std::fprintf(stderr,
                 "dermdistill: warning: %s is not the data set that the model was trained on, or it was changed since; "
                 "its validation part may hold images of the training\n",
                 folder.c_str());
  }
  const Split split = split_dataset(loaded, origin.split);
  const KnownImages known = with_classes(loaded, split.validation, model.card.classes);
  const Dataset& dataset = known.dataset;
  if (known.left_out > 0) std::fprintf(stderr, "dermdistill: warning: %s\n", left_out_text(known.left_out).c_str());
  if (dataset.samples.empty())
    throw InputError("data " + folder, "its validation part has no images", "images to fit the temperature on");

  Predictor predictor(model.network, model.card, kScoringBatch);
  const Scores scores =
      score_samples(predictor, dataset, all_indices(dataset), model.card.preprocessing, "Calibrating");
  fit_statistics(predictor, model, loaded, split.train, options.seed);
  calibrate_card(model.card, scores, dataset, options.seed, &*model.early_statistics);
  add_notices(model.card, data_notices(loaded));
  model.card.training["data"] = {{"name", std::filesystem::path(folder).lexically_normal().filename().string()},
                                 {"layout", to_string(loaded.layout)},
                                 {"images", loaded.samples.size()},
                                 {"fingerprint", fingerprint},
                                 {"split", to_json(origin.split)}};
}

/// "melanoma sensitivity 0.812, balanced accuracy 0.701, accuracy 0.754": those of the card's figures there are.
std::string validation_figures(const ModelCard& card) {
  std::string text;
  const auto validation = card.metrics.find("validation");
  if (validation == card.metrics.end() || !validation->is_object()) return text;
  for (const std::string name : {"melanoma_sensitivity", "balanced_accuracy", "accuracy"}) {
    const auto place = validation->find(name);
    if (place == validation->end()) continue;
    // A number where training wrote it, one with an interval where export did.
    const nlohmann::json value = place->is_object() ? place->value("value", nlohmann::json()) : *place;
    if (!value.is_number()) continue;
    char figure[32];
    std::snprintf(figure, sizeof figure, " %.3f", value.get<double>());
    text += (text.empty() ? "" : ", ") + name + figure;
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

void print_summary(const LoadedModel& model, const std::string& out) {
  const ModelCard& card = model.card;
  std::printf("%s: %s, %zu classes, %d px, %.1f MB\n", out.c_str(), card.architecture.c_str(), card.classes.size(),
              card.preprocessing.size, static_cast<double>(std::filesystem::file_size(out)) / 1e6);
  if (card.orientations > 1) std::printf("  looks at every picture in %d orientations\n", card.orientations);
  const std::string figures = validation_figures(card);
  if (!figures.empty()) std::printf("  validation: %s\n", figures.c_str());
  std::printf("  temperature %.3f\n", card.temperature);
  if (card.training.contains("calibration"))
    std::printf("  %s\n", card.training.at("calibration").get<std::string>().c_str());
  for (const OperatingPoint& point : card.operating_points) {
    std::printf("  operating point %s >= %.3f: sensitivity %.3f, specificity %.3f on validation\n",
                point.target.c_str(), point.threshold, point.sensitivity, point.specificity);
  }
  for (const auto& notice : card.notices)
    std::printf("  notice: %s\n", notice.is_string() ? notice.get<std::string>().c_str() : notice.dump().c_str());
}

void export_model(const ExportOptions& options) {
  set_thread_count(options.threads);
  LoadedModel model = load_model(options.model, OldExports::Accept);
  if (!options.name.empty()) model.card.name = options.name;
  if (options.detail) model.card.preprocessing.detail = *options.detail;
  if (options.orientations) model.card.orientations = *options.orientations;
  if (!options.uncalibrated) calibrate(model, options);
  // Where the data lay on this computer is nobody else's business.
  if (model.card.training.contains("data") && model.card.training["data"].is_object())
    model.card.training["data"].erase("folder");
  add_notices(model.card, options.notices);
  save_model(model, options.out, options.half);
  print_summary(model, options.out);
}

}  // namespace

void add_export_command(CLI::App& app) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      app.add_subcommand("export", "Write a trained model as ONNX, its temperature fitted on validation images");
  command
      ->add_option("--model", options->model,
                   "A run folder, one of its checkpoints, or a .onnx file of an earlier export")
      ->required()
      ->type_name("RUN");
  command->add_option("--out", options->out, "The file to write")->required()->type_name("FILE.onnx");
  command->add_option("--data", options->data, "The data set; the default is the run's own")->type_name("DIR");
  command->add_option("--name", options->name, "The model's name on its card");
  command
      ->add_option("--notice", options->notices,
                   "A licence notice for the card, such as that of the starting weights; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option(
          "--detail", options->detail,
          "In place of the run's own: larger pictures are brought down to this many pixels a side first, such as "
          "the size of the training images; 0: they are not")
      ->check(CLI::Range(0, 4096));
  add_orientations_option(*command, options->orientations);
  command->add_flag("--uncalibrated", options->uncalibrated,
                    "Keep the card as it is: no data, no temperature, no operating points");
  command->add_flag("--half", options->half,
                    "Store large convolution weights in half precision: little more than half the size, logits within "
                    "0.01 (\"predict "
                    "--against\" measures it)");
  command->add_option("--seed", options->seed, "Of the bootstrap that gives the intervals")->capture_default_str();
  add_thread_option(*command, options->threads);
  command->footer(
      "Example:\n"
      "  dermdistill export --model runs/student --out student.onnx\n"
      "The split is the run's own: temperature and operating points come from its validation part.");
  command->callback([options] {
    catch_interrupts();
    export_model(*options);
  });
}

}  // namespace dermdistill
