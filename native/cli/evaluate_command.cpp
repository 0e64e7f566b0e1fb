// dermdistill evaluate: what a model is worth on a part of a data set, with intervals by lesion.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/parallel.h"
#include "core/metrics/metrics.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/cli/bootstrap_options.h"
#include "native/cli/commands.h"
#include "native/cli/image_selection.h"
#include "native/cli/metric_table.h"
#include "native/cli/orientations_option.h"
#include "native/cli/output_file.h"
#include "native/cli/picture_comparison.h"
#include "native/cli/predictions_csv.h"
#include "native/cli/thread_option.h"
#include "native/data/other_pictures.h"
#include "native/report/evaluation_figures.h"
#include "native/report/report.h"
#include "native/train/model_file.h"
#include "native/train/predictor.h"
#include "native/train/run_report.h"
#include "native/train/scoring.h"

namespace dermdistill {
namespace {

struct EvaluateOptions {
  SelectionOptions selection;
  std::string report, plots, predictions, pictures;
  std::optional<int> detail, orientations;
  BootstrapOptions bootstrap;
  bool json = false, no_pictures = false;
  int threads = available_threads();
};

void write_report(const EvaluateOptions& options, const Selection& selection, EvaluationReport report) {
  report.model = options.selection.model;
  report.data_set = options.selection.data;
  report.split = selection.description;
  report.seed = selection.split.seed;
  report.split_by_image = leaks(selection.split.rule) && options.selection.part != "all";
  if (options.no_pictures) report.read_image = nullptr;
  for (const std::string& warning : selection.warnings) report.facts.emplace_back("Note", warning);
  if (!options.report.empty()) write_evaluation_report(options.report, report);
  if (!options.plots.empty()) write_evaluation_figures(options.plots, report);
}

void evaluate(const EvaluateOptions& options) {
  set_thread_count(options.threads);
  for (const std::string& file : {options.report, options.predictions})
    if (!file.empty()) check_writable(file);
  if (!options.plots.empty()) make_output_folder(options.plots);
  LoadedModel model = load_model(options.selection.model);
  if (options.detail) model.card.preprocessing.detail = *options.detail;
  if (options.orientations) model.card.orientations = *options.orientations;
  Selection selection = select_images(options.selection, model.card);
  std::optional<PicturePair> pair;
  if (!options.pictures.empty()) {
    pair = with_other_pictures(selection.dataset, options.pictures);
    selection.description += ", pictures of " + options.pictures;
  }
  const Dataset& dataset = pair ? pair->other : selection.dataset;

  Predictor predictor(model.network, model.card, kScoringBatch);
  const auto score = [&](const Dataset& of) {
    return score_samples(predictor, of, all_indices(of), model.card.preprocessing, "Evaluating");
  };
  const Scores scores = score(dataset);
  const Predictions predictions = to_predictions(scores, dataset, model.card.temperature);
  const MetricReport metrics = measure(model.card, predictions, options.bootstrap.seed, options.bootstrap.samples);
  std::optional<PictureComparison> comparison;
  if (pair) {
    const Scores own = score(pair->own);
    comparison = {
        measure(model.card, to_predictions(own, pair->own, model.card.temperature), options.bootstrap.seed, 0),
        share_of_changed_answers(own, scores)};
  }

  if (!options.predictions.empty()) write_text(options.predictions, predictions_csv(dataset, scores, predictions));
  if (!options.report.empty() || !options.plots.empty())
    write_report(options, selection, evaluation_report(model.card, dataset, scores, predictions, metrics));
  if (options.json) {
    nlohmann::ordered_json result = to_json(options.selection, selection);
    result["temperature"] = model.card.temperature;
    result["orientations"] = model.card.orientations;
    result["metrics"] = to_json(metrics);
    if (comparison) result["own_pictures"] = to_json(*comparison);
    std::printf("%s\n", result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s on %s: %s\n\n%s", options.selection.model.c_str(), options.selection.data.c_str(),
              selection.description.c_str(), metric_table(metrics).c_str());
  if (comparison) std::printf("\n%s", comparison_text(*comparison, metrics).c_str());
  if (!options.report.empty()) std::printf("\nReport: %s\n", options.report.c_str());
  if (!options.plots.empty()) std::printf("\nPlots: %s\n", options.plots.c_str());
  if (!options.predictions.empty()) std::printf("\nPredictions: %s\n", options.predictions.c_str());
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command =
      app.add_subcommand("evaluate", "Measure a model on a part of a data set, with confidence intervals by lesion");
  add_selection_options(*command, options->selection);
  command->add_option("--report", options->report, "Also write a page with curves, confusion matrix and worst mistakes")
      ->type_name("FILE.html");
  command
      ->add_option("--plots", options->plots,
                   "Also write the curves and the confusion matrix as SVG pictures, for light and dark pages")
      ->type_name("DIR");
  command
      ->add_option("--predictions", options->predictions,
                   "Also write a table with a row an image: label, lesion, file and the probability of every class")
      ->type_name("FILE.csv");
  command->add_flag("--no-pictures", options->no_pictures,
                    "Keep the pictures of the mistakes out of the report, so that it can be passed on");
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
  add_orientations_option(*command, options->orientations);
  command->add_flag("--json", options->json, "One line of JSON on standard output");
  add_bootstrap_options(*command, options->bootstrap);
  add_thread_option(*command, options->threads);
  command->footer(
      "Example:\n"
      "  dermdistill evaluate --data isic2019 --model student.onnx --split test --report report.html\n" +
      std::string(kSplitHelp));
  command->callback([options] {
    catch_interrupts();
    evaluate(*options);
  });
}

}  // namespace dermdistill
