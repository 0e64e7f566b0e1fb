// Epochs, steps, schedule, validation, checkpoints and resuming: the same for every stage.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/learn/early_stopping.h"
#include "core/learn/optimiser.h"
#include "core/learn/schedule.h"
#include "native/train/run_folder.h"
#include "native/train/stage.h"

namespace dermdistill {

/// Asked after every step; true saves and stops the run.
using StopRequest = std::function<bool()>;

struct LoopConfig {
  StageConfig stage;
  std::string kind;  // of the checkpoints: "teacher" or "student"
  NetworkConfig network;
  ModelCard card;
  std::string best_by = "balanced_accuracy";
  int save_every = 0;
  bool last_stage = true;  // nothing follows: its end finishes the run
  StopRequest stop_requested;
};

class EpochLoop {
 public:
  EpochLoop(Stage& stage, RunFolder& folder, LoopConfig config);

  /// Continues where the checkpoint, one of the same stage, was written. `name` stands in messages.
  void resume(const Checkpoint& checkpoint, const std::filesystem::path& name);
  /// Until the last epoch or early stopping. @throws Interrupted after saving, NumericError naming what is not finite,
  /// Error after saving when an image cannot be read.
  void run();

 private:
  void run_epoch();
  void step(const std::string& where);
  void end_epoch(double seconds);
  void save_last();
  void save_best(const std::optional<ValidationResult>& validation) const;
  nlohmann::json mean_terms() const;
  bool finished() const;
  std::string resume_command() const;
  Checkpoint checkpoint() const;

  Stage& stage_;
  RunFolder& folder_;
  LoopConfig config_;
  int steps_;
  std::vector<std::span<Parameter>> parameters_;
  std::unique_ptr<Optimiser> optimiser_;
  Schedule schedule_;
  EarlyStopping stopping_;
  int epoch_ = 0, step_ = 0;
  std::vector<std::pair<std::string, double>> sums_;
  double last_total_ = 0;
};

}  // namespace dermdistill
