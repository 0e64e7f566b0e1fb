// dermdistill teach: a teacher and its self-supervision head.
#include <memory>

#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/run_options.h"
#include "native/train/teach.h"

namespace dermdistill {

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
    if (config.head_only && !options->resume()) adopt_trained_network(config);
    teach(config, options->out(), options->resume(), interrupt_requested);
  });
}

}  // namespace dermdistill
