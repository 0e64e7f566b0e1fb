// dermdistill finetune-head: a model's head fitted to one's own images, by the code that the web page runs.
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/thread_option.h"
#include "native/onnx/export.h"
#include "native/train/head_training.h"

namespace dermdistill {
namespace {

struct FinetuneOptions {
  std::string model, data, out, onnx, name;
  HeadOptions head;
  int views = 1;
  bool half = false;
  int threads = available_threads();
};

std::string percent(const std::optional<double>& share) {
  if (!share) return "-";
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * *share);
  return text;
}

void print_scores(const char* title, const HeadScores& scores, const std::vector<std::string>& classes) {
  std::printf("%s (%lld images)\n  %-24s %8s %9s %9s\n", title, static_cast<long long>(scores.after.images), "",
              "images", "before", "after");
  const auto row = [](const std::string& name, const std::string& images, const std::optional<double>& before,
                      const std::optional<double>& after) {
    std::printf("  %-24s %8s %9s %9s\n", name.c_str(), images.c_str(), percent(before).c_str(), percent(after).c_str());
  };
  row("balanced accuracy", "", scores.before.balanced_accuracy, scores.after.balanced_accuracy);
  row("accuracy", "", scores.before.accuracy, scores.after.accuracy);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (scores.after.counts[c] == 0) continue;
    row("sensitivity " + classes[c], std::to_string(scores.after.counts[c]), scores.before.sensitivity[c],
        scores.after.sensitivity[c]);
  }
}

void finetune(const FinetuneOptions& options) {
  set_thread_count(options.threads);
  check_options(options.head);
  const LoadedModel model = load_model(options.model);
  const Dataset dataset = load_dataset(options.data);
  warn_of_incomplete_rows(dataset);
  if (dataset.samples.empty())
    throw InputError("data " + options.data, "it has no images", "images in a folder a class");
  const HeadImages images = head_images(dataset, model.card);
  const EmbeddingStatistics* statistics = model.statistics ? &*model.statistics : nullptr;
  if (!statistics)
    std::fprintf(
        stderr,
        "dermdistill: warning: %s carries no embedding statistics, so that nothing is replayed and the head may "
        "forget its classes; dermdistill export adds them\n",
        options.model.c_str());

  const EmbeddedImages rows = embed_images(model, dataset, images.labels, options.views);
  const LinearHead shipped{model.network.config.classes, model.network.units.back().out_channels,
                           model.network.classifier_weight, model.network.classifier_bias};
  HeadTrainer trainer(shipped, images.classes, {rows.embeddings, rows.labels, rows.lesions}, statistics, options.head,
                      backend_named("auto"));
  while (trainer.epoch() < options.head.epochs) {
    if (interrupt_requested()) throw Interrupted("stopped; nothing was written");
    const HeadEpoch epoch = trainer.train_epoch();
    if (epoch.epoch != options.head.epochs && epoch.epoch % 10 != 0) continue;
    std::fprintf(stderr, "epoch %d: training loss %.4f", epoch.epoch, epoch.training_loss);
    if (epoch.held_out)
      std::fprintf(stderr, ", held out %.4f (balanced accuracy %.3f)", epoch.held_out->loss,
                   epoch.held_out->balanced_accuracy);
    if (epoch.replayed) std::fprintf(stderr, ", replayed %.4f", epoch.replayed->loss);
    std::fprintf(stderr, "\n");
  }

  const HeadFile file = head_file_of(trainer, options.name.empty() ? model.card.name + ", personalised" : options.name,
                                     images.class_names, model.card, trunk_sha256(model.network), statistics);
  write_file(options.out, serialise_head(file));
  if (const auto scores = trainer.held_out_scores())
    print_scores("Held-out images, not trained on", *scores, images.classes);
  if (const auto scores = trainer.replay_scores())
    print_scores("Embeddings drawn from the model's own statistics", *scores, images.classes);
  std::printf("%s: a head of %d classes for the model %s\n", options.out.c_str(), file.head.classes,
              model.card.name.c_str());
  if (options.onnx.empty()) return;
  const LoadedModel personalised = with_head(model, file);
  save_model(personalised, options.onnx, options.half);
  std::printf("%s: the whole model with this head\n", options.onnx.c_str());
}

}  // namespace

void add_finetune_command(CLI::App& app) {
  auto options = std::make_shared<FinetuneOptions>();
  CLI::App* command = app.add_subcommand("finetune-head", "Fit a model's last layer to images of your own");
  command->add_option("--model", options->model, "A student.onnx, a run folder or a .safetensors checkpoint")
      ->required()
      ->type_name("MODEL");
  command->add_option("--data", options->data, "Labelled images: a folder a class, or a CSV with images")
      ->required()
      ->type_name("DIR");
  command->add_option("--out", options->out, "The head file to write")->required()->type_name("HEAD.safetensors");
  command->add_option("--export", options->onnx, "Also write the whole model with this head")->type_name("FILE.onnx");
  command->add_flag("--half", options->half, "Store that model's large convolution weights in half precision");
  command->add_option("--name", options->name, "The head's name on its card");
  command->add_option("--epochs", options->head.epochs, "Passes over the images")->capture_default_str();
  command->add_option("--rate", options->head.learning_rate, "Learning rate of Adam")->capture_default_str();
  command->add_option("--batch", options->head.batch, "Images a step")->capture_default_str();
  command->add_option("--pull", options->head.pull, "Strength of the pull toward the shipped head")
      ->capture_default_str();
  command->add_option("--replay", options->head.replay, "Replayed embeddings of the shipped classes for each image")
      ->capture_default_str();
  command->add_option("--held-out", options->head.held_out, "Share of every class that is not trained on")
      ->capture_default_str();
  command->add_option("--views", options->views, "Orientations of each image that are trained on: 1, 4 or 8")
      ->capture_default_str();
  command->add_option("--seed", options->head.seed, "The same seed gives the same head")->capture_default_str();
  add_thread_option(*command, options->threads);
  command->footer(
      "Example:\n"
      "  dermdistill finetune-head --model student.onnx --data clinic/ --out clinic.safetensors --export clinic.onnx\n"
      "Classes that the model does not know are added behind its own. Images of one lesion are either trained on or "
      "held "
      "out. The page's Personalise view trains on 8 views of each image unless told otherwise: --views 8 does the "
      "same.");
  command->callback([options] {
    catch_interrupts();
    finetune(*options);
  });
}

}  // namespace dermdistill
