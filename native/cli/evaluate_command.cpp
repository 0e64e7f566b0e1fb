// dermdistill evaluate: what a model is worth on a part of a data set, with intervals by lesion.
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/metrics/metrics.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/metric_table.h"
#include "native/cli/thread_option.h"
#include "native/report/report.h"
#include "native/train/model_file.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"

namespace dermdistill {
namespace {

struct EvaluateOptions {
  std::string data, model, part = "test", report, split_rule;
  std::optional<std::uint64_t> seed;
  bool json = false;
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

bool same_split(const SplitConfig& a, const SplitConfig& b) { return to_json(a) == to_json(b); }

Selection select_images(const Dataset& dataset, const DataOrigin& origin, const EvaluateOptions& options) {
  Selection selection;
  selection.split = origin.split;
  if (options.seed) selection.split.seed = *options.seed;
  if (!options.split_rule.empty()) selection.split.rule = parse_split_rule(options.split_rule);

  const bool other_data = !origin.fingerprint.empty() && origin.fingerprint != dataset.fingerprint();
  if (options.part == "all") {
    selection.indices.resize(dataset.samples.size());
    std::iota(selection.indices.begin(), selection.indices.end(), 0);
    selection.description = "all images";
    if (!other_data)
      selection.warnings.push_back("all images hold those that the model was trained on, if this is its data set");
    return selection;
  }
  const Part part = parse_part(options.part);
  selection.indices = split_dataset(dataset, selection.split).part(part);
  selection.description = std::string(to_string(part)) + " part, split " + describe(selection.split.rule) + ", seed " +
                          std::to_string(selection.split.seed);
  if (part == Part::Train) selection.warnings.push_back("these are the images of the training");
  if (other_data)
    selection.warnings.push_back("this is not the data set that the model was trained on, or it was changed since");
  if (origin.split_known && !same_split(selection.split, origin.split)) {
    selection.warnings.push_back("the model was trained with another split, so images of its training are among these");
  }
  if (leaks(selection.split.rule))
    selection.warnings.push_back(
        "a split by image leaks: images of one lesion are on both sides, and figures are too good");
  return selection;
}

void write_report(const EvaluateOptions& options, const ModelCard& card, const Dataset& dataset,
                  const Selection& selection, const Scores& scores, const Predictions& predictions,
                  const MetricReport& metrics) {
  EvaluationReport report;
  report.title = card.name;
  report.model = options.model;
  report.data_set = options.data;
  report.split = selection.description;
  report.seed = selection.split.seed;
  report.split_by_image = leaks(selection.split.rule) && options.part != "all";
  report.facts = {{"Architecture", card.architecture}, {"Image size", std::to_string(card.preprocessing.size) + " px"}};
  for (const std::string& warning : selection.warnings) report.facts.emplace_back("Note", warning);
  report.predictions = predictions;
  report.metrics = metrics;
  report.temperature = card.temperature;
  report.before_temperature = reliability(to_predictions(scores, dataset, 1.0));
  report.read_image = [&](int i) {
    const auto sample = static_cast<std::size_t>(scores.samples[static_cast<std::size_t>(i)]);
    return read_file(dataset.samples[sample].file);
  };
  write_evaluation_report(options.report, report);
}

void evaluate(const EvaluateOptions& options) {
  set_thread_count(options.threads);
  const LoadedModel model = load_model(options.model);
  const Dataset loaded = load_dataset(options.data);
  const Selection selection = select_images(loaded, data_origin(options.model, model.card), options);
  if (selection.indices.empty())
    throw InputError("data " + options.data, "its " + options.part + " part has no images", "images to evaluate on");
  const Dataset dataset = with_classes(loaded, model.card.classes);
  for (const std::string& warning : selection.warnings)
    std::fprintf(stderr, "dermdistill: warning: %s\n", warning.c_str());

  Predictor predictor(model.network, model.card, kScoringBatch);
  const Scores scores = score_samples(predictor, dataset, selection.indices, model.card.preprocessing, "Evaluating");
  const Predictions predictions = to_predictions(scores, dataset, model.card.temperature);
  MetricOptions metric_options;
  metric_options.bootstrap_samples = options.bootstrap_samples;
  metric_options.seed = selection.split.seed;
  for (const OperatingPoint& point : model.card.operating_points)
    metric_options.given_thresholds.push_back({point.target, point.threshold});
  const MetricReport metrics = compute_metrics(predictions, metric_options);

  if (!options.report.empty()) write_report(options, model.card, dataset, selection, scores, predictions, metrics);
  if (options.json) {
    const nlohmann::ordered_json result = {{"model", options.model},         {"data", options.data},
                                           {"part", options.part},           {"split", to_json(selection.split)},
                                           {"warnings", selection.warnings}, {"temperature", model.card.temperature},
                                           {"metrics", to_json(metrics)}};
    std::printf("%s\n", result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s on %s: %s\n\n%s", options.model.c_str(), options.data.c_str(), selection.description.c_str(),
              metric_table(metrics).c_str());
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
  command->add_flag("--json", options->json, "One line of JSON on standard output");
  command->add_option("--seed", options->seed,
                      "Seed of the split and of the intervals; the default is the model's own split");
  command->add_option("--split-rule", options->split_rule, "lesion, or image (leaks); the default is the model's own")
      ->check(CLI::IsMember({"lesion", "image"}));
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
