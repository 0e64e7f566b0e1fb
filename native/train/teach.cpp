#include "native/train/teach.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "core/base/error.h"
#include "native/train/head_stage.h"
#include "native/train/network_stage.h"
#include "native/train/run.h"
#include "native/train/run_report.h"

namespace dermdistill {
namespace {

/// Stage 1, from the start or from the run's checkpoint.
void train_network(Run& run) {
  nlohmann::json notices = nlohmann::json::array();
  Network network = start_network(run, notices);
  run.folder.write_config(run.config);
  ModelCard card = run.last ? run.last->card : run_card(run, notices);
  NetworkStage stage(run.config, run.data, std::move(network), nullptr, run.backend);
  std::fprintf(stderr, "teacher: %zu training and %zu validation images, %.0f MB of activations\n",
               run.data.train.size(), run.data.validation.size(), static_cast<double>(stage.arena_bytes()) / 1e6);
  EpochLoop loop(stage, run.folder,
                 loop_config(run, run.config.training, std::move(card), run.config.head.training.epochs == 0));
  if (run.last) loop.resume(*run.last, run.folder.last());
  loop.run();
}

/// Stage 2. The network comes from the checkpoint at `source`, which is the run's own once the stage has begun.
void train_head(Run& run, const std::filesystem::path& source) {
  const Checkpoint start = read_checkpoint(source);
  const Network network = network_of(start, source);
  Teacher teacher;
  teacher.network = FoldedNetwork::from(network);
  const auto began = std::chrono::steady_clock::now();
  ViewEmbeddings embeddings = embed_views(run.config, run.data, teacher, run.backend, run.stop_requested);
  log_duration(run, "embeddings", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  HeadStage stage(run.config, std::move(embeddings), network.state(), run.backend);
  EpochLoop loop(stage, run.folder, loop_config(run, run.config.head.training, start.card, true));
  if (run.last && run.last->progress.stage == "head") loop.resume(*run.last, run.folder.last());
  loop.run();
}

}  // namespace

void adopt_trained_network(RunConfig& config) {
  const Checkpoint trained = read_checkpoint(initial_file(config.init));
  config.network = trained.network;
  config.preprocessing = trained.card.preprocessing;
}

void teach(const RunConfig& config, const std::filesystem::path& out, bool resume, const StopRequest& stop_requested) {
  Run run = open_run(config, out, resume, stop_requested);
  if (run.last && run.last->progress.finished) {
    std::fprintf(stderr, "%s is finished already\n", out.c_str());
    report_run(run);
    print_summary(run.folder);
    return;
  }
  const bool head_begun = run.last && run.last->progress.stage == "head";
  if (run.config.head_only) {
    run.folder.write_config(run.config);
  } else if (!head_begun) {
    train_network(run);
  }
  if (run.config.head.training.epochs > 0) {
    const auto source = head_begun             ? run.folder.last()
                        : run.config.head_only ? initial_file(run.config.init)
                                               : run.folder.best();
    train_head(run, source);
  }
  report_run(run);
  print_summary(run.folder);
}

}  // namespace dermdistill
