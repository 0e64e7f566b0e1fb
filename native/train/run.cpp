#include "native/train/run.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "native/gpu/gpu_backend.h"
#include "native/train/export_card.h"
#include "native/train/split_check.h"

namespace dermdistill {
namespace {

std::string text_of(const NetworkConfig& network) {
  return std::string(to_string(network.architecture)) + " of width " + std::to_string(network.width) + " with " +
         std::to_string(network.classes) + " classes";
}

/// Some training images, evenly over all of them: a batch norm needs no more to be measured.
std::vector<std::filesystem::path> some_images(const TrainingData& data) {
  constexpr std::size_t kImages = 128;
  std::vector<std::filesystem::path> files;
  const std::size_t count = std::min(kImages, data.train.size());
  for (std::size_t i = 0; i < count; ++i) {
    const int index = data.train[i * data.train.size() / count];
    files.push_back(data.dataset.samples[static_cast<std::size_t>(index)].file);
  }
  return files;
}

InitialWeights initial_weights(Network& network, const Run& run) {
  const RunConfig& config = run.config;
  if (!is_exported_model(config.init)) return load_initial_weights(network, config.init, config.seed);
  return load_exported_weights(network, config.init, config.seed, some_images(run.data), config.preprocessing,
                               run.backend);
}

Checkpoint read_last(const RunFolder& folder, const RunConfig& config) {
  Checkpoint last = read_checkpoint(folder.last());
  if (last.kind != config.kind) {
    throw FormatError(folder.last().string(), "is the checkpoint of a " + last.kind, "one of a " + config.kind);
  }
  const NetworkConfig &its = last.network, &wanted = config.network;
  if (its.architecture != wanted.architecture || its.width != wanted.width || its.classes != wanted.classes) {
    throw FormatError(folder.last().string(), "is the checkpoint of another network, " + text_of(its), text_of(wanted));
  }
  return last;
}

}  // namespace

Run open_run(RunConfig config, const std::filesystem::path& out, bool resume, StopRequest stop_requested) {
  check_config(config);
  const Backend& backend = training_backend_named(config.backend);  // first: without it, no folder is left behind
  RunFolder folder = resume ? RunFolder::open(out) : RunFolder::create(out);
  if (resume) folder.lock();
  config.backend = backend.name();
  set_thread_count(config.threads);
  TrainingData data = open_training_data(config);
  Run run{std::move(config), std::move(folder), std::move(data), backend, std::nullopt, std::move(stop_requested)};
  if (resume && std::filesystem::exists(run.folder.last())) run.last = read_last(run.folder, run.config);
  if (resume) {
    RunProgress start;
    start.stage = run.config.kind;
    run.folder.rewind_log(run.last ? run.last->progress : start);
  }
  return run;
}

void inherit_notices(const nlohmann::json& from, nlohmann::json& notices) {
  for (const auto& notice : from) {
    if (std::find(notices.begin(), notices.end(), notice) == notices.end()) notices.push_back(notice);
  }
}

Network start_network(Run& run, nlohmann::json& notices) {
  Network network(run.config.network);
  if (run.last) {
    notices = run.last->card.notices;
    return network;
  }
  const InitialWeights initial = initial_weights(network, run);
  if (!run.config.init_sha256.empty() && run.config.init_sha256 != initial.sha256) {
    throw InputError("--init " + run.config.init, "is another file than the run was started with",
                     run.config.init_sha256);
  }
  run.config.init_sha256 = initial.sha256;
  if (initial.card) check_same_split(run.config, *initial.card, "--init " + run.config.init);
  inherit_notices(initial.notices, notices);
  return network;
}

ModelCard run_card(const Run& run, const nlohmann::json& notices) {
  const RunConfig& config = run.config;
  const bool teacher = config.kind == "teacher";
  const std::string method = teacher ? "teacher" : std::string(to_string(config.distill.method));
  ModelCard card = base_card(config.network, run.data.dataset.classes, config.preprocessing,
                             std::string(to_string(config.network.architecture)) + " by " + method);
  card.notices = notices;
  add_notices(card, data_notices(run.data.dataset));
  card.training = {{"kind", config.kind},
                   {"method", method},
                   {"data", {{"fingerprint", config.data.fingerprint}, {"split", to_json(config.data.split)}}},
                   {"training_images", run.data.train.size()},
                   {"validation_images", run.data.validation.size()},
                   {"epochs", config.training.epochs},
                   {"batch", config.training.batch},
                   {"seed", config.seed},
                   {"initial_weights_sha256", config.init_sha256}};
  if (!config.data.other_splits.empty()) card.training["other_splits"] = config.data.other_splits;
  if (!config.distill.teacher_sha256.empty()) card.training["teacher_sha256"] = config.distill.teacher_sha256;
  return card;
}

LoopConfig loop_config(const Run& run, const StageConfig& stage, ModelCard card, bool last_stage) {
  LoopConfig out;
  out.stage = stage;
  out.kind = run.config.kind;
  out.network = run.config.network;
  out.card = std::move(card);
  out.best_by = run.config.best_by;
  out.save_every = run.config.save_every;
  out.last_stage = last_stage;
  out.stop_requested = run.stop_requested;
  return out;
}

void log_duration(Run& run, const std::string& stage, double seconds) {
  run.folder.log({{"stage", stage}, {"seconds", seconds}});
}

}  // namespace dermdistill
