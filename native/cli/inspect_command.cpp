// dermdistill inspect: what is in a data set and what is wrong with it.
#include <cstdio>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/cli/commands.h"
#include "native/cli/thread_option.h"
#include "native/data/inspection.h"

namespace dermdistill {
namespace {

struct InspectOptions {
  std::string data, rule = "lesion";
  InspectionOptions inspection;
  bool json = false;
};

void inspect(const InspectOptions& options) {
  catch_interrupts();
  InspectionOptions inspection = options.inspection;
  inspection.split.rule = parse_split_rule(options.rule);
  const Dataset dataset = load_dataset(options.data);
  Inspection result;
  {
    Progress progress("inspect", static_cast<std::int64_t>(dataset.samples.size()), "images");
    result = inspect_dataset(dataset, inspection, [&](int images) { progress.advance(images); });
  }
  std::printf("%s", options.json ? (to_json(result).dump(2) + "\n").c_str() : to_text(result).c_str());
  std::fflush(stdout);
  if (!result.unreadable.empty()) {
    throw InputError(options.data, "has " + std::to_string(result.unreadable.size()) + " unreadable images",
                     "none; remove or replace them");
  }
}

}  // namespace

void add_inspect_command(CLI::App& app) {
  auto options = std::make_shared<InspectOptions>();
  options->inspection.threads = available_threads();
  SplitConfig& split = options->inspection.split;
  CLI::App* command = app.add_subcommand(
      "inspect", "Say what is in a data set: classes, lesions, missing files, duplicates, conflicts");
  command->footer(
      "Understands ISIC 2019's layout, HAM10000's metadata and a folder per class. Changes nothing. Fails when a file "
      "is\n"
      "unreadable.\n"
      "Example:\n  dermdistill inspect --data isic2019 --check-files");
  command->add_option("--data", options->data, "Folder of the data set")->required();
  command->add_flag("--check-files", options->inspection.check_files,
                    "Decode every image, to find broken ones before training does");
  command->add_flag("--json", options->json, "Print JSON");
  command->add_option("--split", options->rule, "Split to preview: by lesion, or by image as the paper does (it leaks)")
      ->check(CLI::IsMember({"lesion", "image"}))
      ->capture_default_str();
  command->add_option("--validation", split.validation, "Share of the images for validation")->capture_default_str();
  command->add_option("--test", split.test, "Share of the images for testing")->capture_default_str();
  command->add_option("--folds", split.folds, "Number of folds; 0 for none")->capture_default_str();
  command->add_option("--fold", split.fold, "Fold to test on, from 0")->capture_default_str();
  command->add_option("--split-seed", split.seed, "Seed of the split")->capture_default_str();
  add_thread_option(*command, options->inspection.threads);
  command->callback([options] { inspect(*options); });
}

}  // namespace dermdistill
