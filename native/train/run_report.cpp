#include "native/train/run_report.h"

#include <utility>

#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/train/model_file.h"

namespace dermdistill {
namespace {

constexpr int kBootstrapSamples = 1000;

Scores score_validation(const Run& run, const LoadedModel& model, const Dataset& dataset) {
  Predictor predictor(model.network, model.card, kScoringBatch);
  try {
    return score_samples(predictor, dataset, all_indices(dataset), model.card.preprocessing, "validation");
  } catch (const Interrupted&) {
    throw Interrupted("stopped before the report; the run is finished and saved; write its report with: dermdistill " +
                      std::string(run.config.kind == "teacher" ? "teach" : "distill") + " --resume --out " +
                      run.folder.path().string());
  }
}

}  // namespace

MetricReport measure(const ModelCard& card, const Predictions& predictions, std::uint64_t seed, int bootstrap_samples) {
  MetricOptions options;
  options.bootstrap_samples = bootstrap_samples;
  options.seed = seed;
  for (const OperatingPoint& point : card.operating_points)
    options.given_thresholds.push_back({point.target, point.threshold});
  return compute_metrics(predictions, options);
}

EvaluationReport evaluation_report(const ModelCard& card, const Dataset& dataset, const Scores& scores,
                                   Predictions predictions, MetricReport metrics) {
  EvaluationReport report;
  report.title = card.name;
  report.facts = {{"Architecture", card.architecture}, {"Image size", std::to_string(card.preprocessing.size) + " px"}};
  if (card.orientations > 1) report.facts.emplace_back("Orientations", std::to_string(card.orientations));
  report.predictions = std::move(predictions);
  report.metrics = std::move(metrics);
  report.temperature = card.temperature;
  // Without calibration there is no before and after.
  if (card.temperature != 1.0) report.before_temperature = reliability(to_predictions(scores, dataset, 1.0));
  report.read_image = [&dataset, &scores](int i) {
    const auto sample = static_cast<std::size_t>(scores.samples[static_cast<std::size_t>(i)]);
    return read_file(dataset.samples[sample].file);
  };
  return report;
}

void report_run(const Run& run) {
  if (run.data.validation.empty()) {
    write_training_report(run.folder.path());
    return;
  }
  const LoadedModel model = load_model(run.folder.best());
  const Dataset dataset = with_classes(run.data.dataset, run.data.validation, model.card.classes).dataset;
  const SplitConfig& split = run.config.data.split;
  const Scores scores = score_validation(run, model, dataset);
  Predictions predictions = to_predictions(scores, dataset, model.card.temperature);
  MetricReport metrics = measure(model.card, predictions, split.seed, kBootstrapSamples);
  write_text(run.folder.path() / "validation.json", to_json(metrics, CurveDetail::Full).dump() + "\n");

  EvaluationReport report = evaluation_report(model.card, dataset, scores, std::move(predictions), std::move(metrics));
  report.model = run.folder.best().string();
  report.data_set = run.config.data.folder.string();
  report.split = "validation part, split " + describe(split.rule);
  report.seed = split.seed;
  report.split_by_image = leaks(split.rule);
  write_training_report(run.folder.path(), &report);
}

}  // namespace dermdistill
