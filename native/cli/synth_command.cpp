// dermdistill synth: a procedural data set that looks like dermoscopy.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/cli/commands.h"
#include "native/cli/thread_option.h"
#include "native/data/synthesis.h"

namespace dermdistill {
namespace {

struct SynthOptions {
  std::string out;
  SynthesisConfig config;
};

void synth(const SynthOptions& options) {
  catch_interrupts();
  std::optional<Progress> progress;  // begins with the first image: a wrong option shows no bar
  write_synthetic_dataset(options.out, options.config, [&](int images) {
    if (!progress) progress.emplace("synth", options.config.images, "images");
    progress->advance(images);
  });
  progress.reset();
  std::printf("%d images of 8 classes are in %s\n", options.config.images, options.out.c_str());
}

}  // namespace

void add_synth_command(CLI::App& app) {
  auto options = std::make_shared<SynthOptions>();
  options->config.threads = available_threads();
  CLI::App* command =
      app.add_subcommand("synth", "Make a procedural data set that looks like dermoscopy, in ISIC 2019's layout");
  command->footer(
      "The pictures show made-up lesions of ISIC's eight classes, some of them several times; they are for trying "
      "things\n"
      "out, not for medicine. The same options give the same files.\n"
      "Example:\n  dermdistill synth --out skin --images 800 --seed 1");
  command->add_option("--out", options->out, "Folder to write into; new or empty")->required();
  command->add_option("--images", options->config.images, "Number of images, at least 40")->capture_default_str();
  command->add_option("--size", options->config.size, "Pixels a side, 32 to 2048")->capture_default_str();
  command->add_option("--seed", options->config.seed, "Decides everything in the pictures")->capture_default_str();
  add_thread_option(*command, options->config.threads);
  command->add_flag("--force", options->config.force,
                    "Write into a folder that has files; an earlier synthetic set in it is replaced");
  command->callback([options] { synth(*options); });
}

}  // namespace dermdistill
