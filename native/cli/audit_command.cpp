// dermdistill audit: what accuracy does not say: for whom a model is worse, whether its answers hold still, and whether
// it tells pictures that are no lesions.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/learn/out_of_distribution.h"
#include "core/metrics/predictions.h"
#include "core/metrics/target.h"
#include "native/audit/robustness.h"
#include "native/audit/stability.h"
#include "native/audit/strangers.h"
#include "native/audit/subgroups.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/cli/audit_output.h"
#include "native/cli/bootstrap_options.h"
#include "native/cli/commands.h"
#include "native/cli/image_selection.h"
#include "native/cli/output_file.h"
#include "native/cli/thread_option.h"
#include "native/train/model_file.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"

namespace dermdistill {
namespace {

struct AuditOptions {
  SelectionOptions selection;
  std::string strange, report;
  BootstrapOptions bootstrap;
  bool json = false;
  int threads = available_threads();
};

/// Strange pictures with the score that they are judged by.
struct StrangerTest {
  std::vector<StrangePicture> pictures;
  StrangerScore score;
};

/// Found before the work, which takes minutes.
std::optional<StrangerTest> stranger_test(const AuditOptions& options, const LoadedModel& model) {
  if (options.strange.empty()) return std::nullopt;
  std::vector<StrangePicture> pictures = find_strange_pictures(options.strange);
  std::optional<StrangerScore> score =
      StrangerScore::from(model.card.out_of_distribution, model.early_statistics ? &*model.early_statistics : nullptr,
                          options.selection.model);
  if (!score) {
    throw InputError("model " + options.selection.model, "its card holds no score for strange pictures",
                     "a model that dermdistill export fitted one for, or no --strange");
  }
  return StrangerTest{std::move(pictures), std::move(*score)};
}

void check_operating_point(const ModelCard& card, const std::string& model) {
  if (class_index(card.classes, kMelanomaClass) < 0) return;
  for (const OperatingPoint& point : card.operating_points) {
    if (point.target == kMelanomaClass) return;
  }
  throw InputError("model " + model, "its card holds no operating point of melanoma",
                   "a model that dermdistill export fitted them for");
}

StrangerReport test_strangers(Predictor& predictor, const StrangerTest& test, const ModelCard& card,
                              const Scores& real) {
  const StrangeVerdicts strange =
      judge_strange_pictures(predictor, test.score, test.pictures, card.preprocessing, "Strange pictures");
  for (const UnreadablePicture& picture : strange.unreadable)
    std::fprintf(stderr, "dermdistill: warning: left out: %s\n", picture.problem.c_str());
  return compare_strangers(judge_images(test.score, real), real.labels, card.classes, strange);
}

void audit(const AuditOptions& options) {
  set_thread_count(options.threads);
  if (!options.report.empty()) check_writable(options.report);
  const LoadedModel model = load_model(options.selection.model);
  check_operating_point(model.card, options.selection.model);
  const std::optional<StrangerTest> strangers = stranger_test(options, model);
  const Selection selection = select_images(options.selection, model.card);

  Predictor predictor(model.network, model.card, kScoringBatch);
  const VariedScores scores = score_variations(predictor, selection.dataset, model.card.preprocessing, "Auditing");
  const std::vector<int> answers = predicted_classes(scores.upright.logits, predictor.classes());
  AuditResult result;
  result.turned = compare_answers(answers, scores.turned);
  result.stored = compare_answers(answers, scores.stored);
  result.disturbed = compare_disturbances(scores, selection.dataset, model.card.temperature, options.bootstrap.seed,
                                          options.bootstrap.samples);
  if (strangers) result.strangers = test_strangers(predictor, *strangers, model.card, scores.upright);
  result.subgroups = compare_subgroups(model.card, selection.dataset,
                                       to_predictions(scores.upright, selection.dataset, model.card.temperature),
                                       {options.bootstrap.seed, options.bootstrap.samples, "Comparing groups"});

  nlohmann::ordered_json json = to_json(options.selection, selection);
  json["temperature"] = model.card.temperature;
  json["orientations"] = model.card.orientations;
  json["strange_folder"] =
      options.strange.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(options.strange);
  json.update(to_json(result));
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  if (!options.report.empty()) write_text(options.report, json.dump(1, ' ', false, replace) + "\n");
  if (options.json) {
    std::printf("%s\n", json.dump(-1, ' ', false, replace).c_str());
    return;
  }
  std::printf("%s on %s: %s\n\n%s", options.selection.model.c_str(), options.selection.data.c_str(),
              selection.description.c_str(), audit_text(model.card, result).c_str());
  if (!options.report.empty()) std::printf("\nReport: %s\n", options.report.c_str());
}

}  // namespace

void add_audit_command(CLI::App& app) {
  auto options = std::make_shared<AuditOptions>();
  CLI::App* command = app.add_subcommand(
      "audit", "Say what accuracy does not: groups of patients, stability of the answers, strange pictures");
  add_selection_options(*command, options->selection);
  command
      ->add_option("--strange", options->strange,
                   "A folder of pictures that are no lesions, its subfolders the kinds: are they refused?")
      ->type_name("DIR");
  command->add_option("--report", options->report, "Also write all figures as JSON into a file")
      ->type_name("FILE.json");
  command->add_flag("--json", options->json, "One line of JSON on standard output");
  add_bootstrap_options(*command, options->bootstrap);
  add_thread_option(*command, options->threads);
  command->footer(
      "Answers are compared with those for the same images turned, mirrored, stored again as JPEG and disturbed: a\n"
      "round mask, black rims, hair, a ruler, other proportions. Of the disturbed ones it also says the figures.\n\n"
      "Example:\n"
      "  dermdistill audit --data isic2019 --model student.onnx --strange photographs --report audit.json\n" +
      std::string(kSplitHelp));
  command->callback([options] {
    catch_interrupts();
    audit(*options);
  });
}

}  // namespace dermdistill
