#include "native/train/teach.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/base/sha256.h"
#include "native/base/text.h"
#include "native/train/export_card.h"
#include "native/train/head_stage.h"
#include "native/train/network_stage.h"
#include "native/train/run.h"
#include "native/train/run_report.h"
#include "native/train/split_check.h"

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
  Checkpoint start = read_checkpoint(source);
  add_notices(start.card, data_notices(run.data.dataset));
  if (!run.config.data.other_splits.empty()) start.card.training["other_splits"] = run.config.data.other_splits;
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

/// The trained model of --head-only, which must know the data's classes in the data's order.
void check_trained_network(Run& run) {
  const std::filesystem::path file = initial_file(run.config.init);
  const std::string option = "--init " + run.config.init;
  const ModelCard card = read_checkpoint(file).card;
  if (card.classes != run.data.dataset.classes) {
    throw InputError(option, "knows the classes " + joined(card.classes),
                     "those of the data, " + joined(run.data.dataset.classes));
  }
  const std::string hash = sha256(read_file(file));
  if (!run.config.init_sha256.empty() && run.config.init_sha256 != hash) {
    throw InputError(option, "is another file than the run was started with", run.config.init_sha256);
  }
  run.config.init_sha256 = hash;
  check_same_split(run.config, card, option);
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
    if (!head_begun) check_trained_network(run);
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
