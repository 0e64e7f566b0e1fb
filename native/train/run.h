// What teach and distill share: opening a run, its data, its card and its checkpoint.
#pragma once

#include <optional>

#include "native/train/epoch_loop.h"
#include "native/train/initial_weights.h"
#include "native/train/run_folder.h"
#include "native/train/training_data.h"

namespace dermdistill {

/// A run that is under way.
struct Run {
  RunConfig config;
  RunFolder folder;
  TrainingData data;
  const Backend& backend;
  std::optional<Checkpoint> last;  // where a resumed run goes on; absent when it starts
  StopRequest stop_requested;
};

/// `config` is what the command line says; of a resumed run it must be what its config.json says.
/// @throws InputError, FormatError as its parts do.
Run open_run(RunConfig config, const std::filesystem::path& out, bool resume, StopRequest stop_requested);

/// Adds the licence notices of something that a model is made from, each once.
void inherit_notices(const nlohmann::json& from, nlohmann::json& notices);

/// The network with its initial weights, or empty shapes for a resumed run, whose checkpoint fills them. Notes the
/// hash and licence of the weights in the run's configuration.
Network start_network(Run& run, nlohmann::json& notices);

/// The loop's settings for one stage of the run.
LoopConfig loop_config(const Run& run, const StageConfig& stage, ModelCard card, bool last_stage);

/// The card of the run's model before it is evaluated.
ModelCard run_card(const Run& run, const nlohmann::json& notices);

/// Logs how long something that has no epochs took.
void log_duration(Run& run, const std::string& stage, double seconds);

}  // namespace dermdistill
