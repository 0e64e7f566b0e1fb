// A checkpoint: one safetensors file with the whole state of a run. Its bytes depend on the state alone, never on the
// clock or on where it lies, so a run that was stopped and resumed ends in the same bytes as one that was not.
//
// Tensors: "model.*" the network (in best.safetensors the weights to use, averaged where averaging was on), "ema.*"
// their average, "optimiser.*", "head.*" the projection head, "regressor.*". Metadata: "card" the model card,
// "network", "progress" where the run stands, "kind", "format_version".
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "core/io/model_card.h"
#include "core/io/safetensors.h"
#include "core/nn/network.h"

namespace dermdistill {

inline constexpr int kCheckpointVersion = 1;

/// How far a run is, at a step boundary.
struct RunProgress {
  std::string stage;      // "teacher", "head" or "student"; the stage that runs next
  int epoch = 0;          // epochs of that stage that are done
  int step = 0;           // steps of the next epoch that are done
  bool finished = false;  // nothing is left to do
  nlohmann::json sums =
      nlohmann::json::array();     // running sums of the loss terms of the next epoch: [[term, sum], ...]
  std::string schedule, stopping;  // states of the schedule and of early stopping
  double best_metric = 0;          // of the best epoch so far; it means nothing while best_epoch is -1
  int best_epoch = -1;
};

struct Checkpoint {
  std::string kind;  // "teacher" or "student"
  NetworkConfig network;
  ModelCard card;
  RunProgress progress;
  TensorFile file;  // the tensors; its metadata is filled in by write_checkpoint
};

/// Written beside, synced, renamed: a full disk or a crash leaves the old file whole. @throws FileError saying so.
void write_checkpoint(const std::filesystem::path& path, Checkpoint checkpoint);

/// @throws FileError when it cannot be read, FormatError when it is truncated, not a safetensors file or none of ours.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// The network under "model.". @throws ShapeError or NumericError naming `name` and the tensor.
Network network_of(const Checkpoint& checkpoint, const std::filesystem::path& name);

/// `state` loaded into `network`, every message beginning with `name`.
void load_named(Network& network, const StateDict& state, const std::filesystem::path& name,
                const LoadOptions& options = {});

/// The card of a network before anything is known of its quality.
ModelCard base_card(const NetworkConfig& network, const std::vector<std::string>& classes,
                    const Preprocessing& preprocessing, const std::string& name);

}  // namespace dermdistill
