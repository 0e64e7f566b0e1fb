// dermdistill evaluate: what a model is worth on a part of a data set, with intervals by lesion.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/metrics/metrics.h"
#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/metric_table.h"
#include "native/cli/picture_comparison.h"
#include "native/cli/prediction_text.h"
#include "native/cli/thread_option.h"
#include "native/data/other_pictures.h"
#include "native/report/report.h"
#include "native/train/model_file.h"
#include "native/train/predictor.h"
#include "native/train/run_report.h"
#include "native/train/scoring.h"
#include "native/train/split_check.h"

namespace dermdistill {
namespace {

struct EvaluateOptions {
  std::string data, model, part = "test", report, split_rule, pictures;
  std::optional<int> detail;
  std::optional<std::uint64_t> split_seed;
  std::uint64_t seed = 2019;
  bool allow_other_split = false, json = false;
  int threads = available_threads();
  int bootstrap_samples = 1000;
};

/// Which images, and how to say so.
struct Selection {
  std::vector<int> indices;
  SplitConfig split;
  std::string description;            // "test part, split by lesion, seed 2019"
  std::vector<std::string> warnings;  // what makes the figures too good
};

/// Found before the work, which may take long. @throws FileError.
void check_writable(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw FileError(file.string(), "cannot be written (it is a folder)", "the name of a file");
  if (!std::filesystem::is_directory(folder, error))
    throw FileError(file.string(), "cannot be written", "its folder " + folder.string() + " to exist");
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw FileError(file.string(), std::string("cannot be written (") + std::strerror(errno) + ")");
}

bool same_split(const SplitConfig& a, const SplitConfig& b) { return to_json(a) == to_json(b); }

Selection select_images(const Dataset& dataset, const DataOrigin& origin, const EvaluateOptions& options) {
  Selection selection;
  selection.split = origin.split;
  if (options.split_seed) selection.split.seed = *options.split_seed;
  if (!options.split_rule.empty()) selection.split.rule = parse_split_rule(options.split_rule);

  const bool other_data = !origin.fingerprint.empty() && origin.fingerprint != dataset.fingerprint();
  if (options.part == "all") {
    selection.indices = all_indices(dataset);
    selection.description = "all images";
    if (!other_data)
      selection.warnings.push_back("all images hold those that the model was trained on, if this is its data set");
    return selection;
  }
  if (origin.split_known && !same_split(selection.split, origin.split)) {
    if (!options.allow_other_split) {
      throw InputError("split " + describe(selection.split),
                       "contradicts the model's: it was trained with the split " + describe(origin.split) +
                           ", so images of its training would be among these",
                       "neither --split-seed nor --split-rule, or --allow-other-split as well");
    }
    selection.warnings.push_back("the model was trained with another split (" + describe(origin.split) +
                                 "), so images of its training are among these");
  }
  const Part part = parse_part(options.part);
  selection.indices = split_dataset(dataset, selection.split).part(part);
  selection.description = std::string(to_string(part)) + " part, split " + describe(selection.split);
  if (part == Part::Train) selection.warnings.push_back("these are the images of the training");
  if (other_data)
    selection.warnings.push_back("this is not the data set that the model was trained on, or it was changed since");
  if (leaks(selection.split.rule))
    selection.warnings.push_back(
        "a split by image leaks: images of one lesion are on both sides, and figures are too good");
  return selection;
}

/// What the model knows beside its own training part, by way of a teacher or of initial weights.
void add_known_images(const ModelCard& card, std::vector<std::string>& warnings) {
  if (!card.training.is_object() || !card.training.contains("other_splits")) return;
  for (const auto& other : card.training.at("other_splits")) {
    warnings.push_back("the model learned from one that was trained on another split (" +
                       describe_training_images(other) + "), which may have seen these images");
  }
}

void write_report(const EvaluateOptions& options, const Selection& selection, EvaluationReport report) {
  report.model = options.model;
  report.data_set = options.data;
  report.split = selection.description;
  report.seed = selection.split.seed;
  report.split_by_image = leaks(selection.split.rule) && options.part != "all";
  for (const std::string& warning : selection.warnings) report.facts.emplace_back("Note", warning);
  write_evaluation_report(options.report, report);
}

void evaluate(const EvaluateOptions& options) {
  set_thread_count(options.threads);
  if (!options.report.empty()) check_writable(options.report);
  LoadedModel model = load_model(options.model);
  if (options.detail) model.card.preprocessing.detail = *options.detail;
  const Dataset loaded = load_dataset(options.data);
  warn_of_incomplete_rows(loaded);
  Selection selection = select_images(loaded, data_origin(options.model, model.card), options);
  const KnownImages known = with_classes(loaded, selection.indices, model.card.classes);
  std::optional<PicturePair> pair;
  if (!options.pictures.empty()) {
    pair = with_other_pictures(known.dataset, options.pictures);
    selection.description += ", pictures of " + options.pictures;
  }
  const Dataset& dataset = pair ? pair->other : known.dataset;
  if (known.left_out > 0) selection.warnings.push_back(left_out_text(known.left_out));
  add_known_images(model.card, selection.warnings);
  if (model.card.operating_points.empty()) selection.warnings.push_back(kNotCalibrated);
  for (const std::string& warning : selection.warnings)
    std::fprintf(stderr, "dermdistill: warning: %s\n", warning.c_str());
  if (dataset.samples.empty())
    throw InputError("data " + options.data, "its " + options.part + " part has no images", "images to evaluate on");

  Predictor predictor(model.network, model.card, kScoringBatch);
  const auto score = [&](const Dataset& of) {
    return score_samples(predictor, of, all_indices(of), model.card.preprocessing, "Evaluating");
  };
  const Scores scores = score(dataset);
  const Predictions predictions = to_predictions(scores, dataset, model.card.temperature);
  const MetricReport metrics = measure(model.card, predictions, options.seed, options.bootstrap_samples);
  std::optional<PictureComparison> comparison;
  if (pair) {
    const Scores own = score(pair->own);
    comparison = {measure(model.card, to_predictions(own, pair->own, model.card.temperature), options.seed, 0),
                  share_of_changed_answers(own, scores)};
  }

  if (!options.report.empty())
    write_report(options, selection, evaluation_report(model.card, dataset, scores, predictions, metrics));
  if (options.json) {
    nlohmann::ordered_json result = {{"model", options.model},         {"data", options.data},
                                     {"part", options.part},           {"split", to_json(selection.split)},
                                     {"warnings", selection.warnings}, {"temperature", model.card.temperature},
                                     {"metrics", to_json(metrics)}};
    if (comparison) result["own_pictures"] = to_json(*comparison);
    std::printf("%s\n", result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s on %s: %s\n\n%s", options.model.c_str(), options.data.c_str(), selection.description.c_str(),
              metric_table(metrics).c_str());
  if (comparison) std::printf("\n%s", comparison_text(*comparison, metrics).c_str());
  if (!options.report.empty()) std::printf("\nReport: %s\n", options.report.c_str());
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command =
      app.add_subcommand("evaluate", "Measure a model on a part of a data set, with confidence intervals by lesion");
  command->add_option("--data", options->data, "The data set")->required()->type_name("DIR");
  command->add_option("--model", options->model, "A student.onnx, a run folder or a .safetensors checkpoint")
      ->required()
      ->type_name("MODEL");
  command->add_option("--split", options->part, "Which part of the data set")
      ->check(CLI::IsMember({"test", "validation", "train", "all"}))
      ->capture_default_str();
  command->add_option("--report", options->report, "Also write a page with curves, confusion matrix and worst mistakes")
      ->type_name("FILE.html");
  command
      ->add_option(
          "--pictures", options->pictures,
          "Show the images by the files of the same names in another folder, such as larger ones, and say what "
          "changes; images without one are left out")
      ->type_name("DIR");
  command
      ->add_option(
          "--detail", options->detail,
          "In place of the model's own: bring larger pictures down to this many pixels a side first; 0: do not")
      ->check(CLI::Range(0, 4096));
  command->add_flag("--json", options->json, "One line of JSON on standard output");
  command->add_option("--split-seed", options->split_seed, "Seed of the split; the default is the model's own");
  command->add_option("--split-rule", options->split_rule, "lesion, or image (leaks); the default is the model's own")
      ->check(CLI::IsMember({"lesion", "image"}));
  command->add_flag("--allow-other-split", options->allow_other_split,
                    "Accept a split other than the model's own, though it mixes images of its training in");
  command->add_option("--seed", options->seed, "Seed of the bootstrap that gives the intervals")->capture_default_str();
  command->add_option("--bootstrap", options->bootstrap_samples, "Samples for the intervals; 0 for none")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  add_thread_option(*command, options->threads);
  command->footer(
      "Example:\n"
      "  dermdistill evaluate --data isic2019 --model student.onnx --split test --report report.html\n"
      "The split is the one that the model was trained with, so that test images stay test images.");
  command->callback([options] {
    catch_interrupts();
    evaluate(*options);
  });
}

}  // namespace dermdistill
