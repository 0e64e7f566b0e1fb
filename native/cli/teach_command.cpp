// dermdistill teach: a teacher and its self-supervision head.
#include <memory>
#include <string>

#include "core/base/error.h"
#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/run_options.h"
#include "native/train/teach.h"

namespace dermdistill {
namespace {

/// The network of --head-only and its images are what --init holds: an option that asks for another one is an error.
void take_trained_network(RunConfig& config, const RunOptions& options) {
  const RunConfig asked = config;
  adopt_trained_network(config);
  const auto check = [&](const char* flag, const std::string& wanted, const std::string& trained) {
    if (!options.given(flag) || wanted == trained) return;
    throw InputError(std::string(flag) + " " + wanted, "contradicts the trained model of --init " + config.init,
                     "its own, " + trained + ", or none with --head-only");
  };
  const auto architecture = [](const RunConfig& c) { return std::string(to_string(c.network.architecture)); };
  const auto rule = [](const RunConfig& c) { return std::string(to_string(c.preprocessing.rule)); };
  check("--arch", architecture(asked), architecture(config));
  check("--width", CLI::detail::to_string(asked.network.width), CLI::detail::to_string(config.network.width));
  check("--size", std::to_string(asked.preprocessing.size), std::to_string(config.preprocessing.size));
  check("--resize", rule(asked), rule(config));
  check("--detail", std::to_string(asked.preprocessing.detail), std::to_string(config.preprocessing.detail));
}

}  // namespace

void add_teach_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("teach", "Train a teacher (stage 1) and its self-supervision head (stage 2)");
  auto options = std::make_shared<RunOptions>(*command, "teacher");
  options->add_stage("head-", "Self-supervision head", [](RunConfig& c) -> StageConfig& { return c.head.training; });
  options->add<int>("--head-transforms", "Random transforms of every image that the head is trained on",
                    [](RunConfig& c) -> int& { return c.head.transforms; });
  options->add<int>("--head-images", "Train the head on this many images only; 0: all",
                    [](RunConfig& c) -> int& { return c.head.images; });
  options->add_flag("--head-only", "Train the head alone, for the trained model that --init names",
                    [](RunConfig& c) { c.head_only = true; });
  command->footer(
      "Example:\n"
      "  dermdistill teach --data isic2019 --arch resnet50 --init resnet50.safetensors --out runs/teacher\n"
      "After Ctrl-C, or when the machine was switched off:\n"
      "  dermdistill teach --resume --out runs/teacher");
  command->callback([options] {
    catch_interrupts();
    RunConfig config = options->resolve();
    if (config.head_only && !options->resume()) take_trained_network(config, *options);
    teach(config, options->out(), options->resume(), interrupt_requested);
  });
}

}  // namespace dermdistill
