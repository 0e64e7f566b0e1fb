// Learning rates over a run: constant, step, plateau or cosine, after an optional linear warm-up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

enum class ScheduleKind { Constant, Step, Plateau, Cosine };

/// "constant", "step", "plateau", "cosine". @throws InputError naming the known ones.
ScheduleKind parse_schedule(std::string_view name);
std::string_view to_string(ScheduleKind kind);

struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::Constant;
  double base_rate = 1e-3;
  int epochs = 1;
  int steps_per_epoch = 1;
  int warmup_epochs = 0;        // steps 0.. rise linearly to base_rate, which the last warm-up step reaches
  std::vector<int> milestones;  // Step: epochs at whose start the rate is multiplied by `factor`
  double factor = 0.1;          // Step and Plateau
  int patience = 10;            // Plateau: epochs without improvement that are tolerated
  double threshold = 1e-4;      // Plateau: an improvement exceeds best * (1 + threshold), as in PyTorch
  double final_rate = 0;        // Cosine: the rate after the last step; Plateau: the least rate
};

class Schedule {
 public:
  /// @throws InputError for a setting out of range.
  explicit Schedule(const ScheduleConfig& config);

  const ScheduleConfig& config() const { return config_; }
  /// Rate of step `step`, counted from 0 over the whole run.
  double rate(std::int64_t step) const;
  /// Tells Plateau the epoch's validation metric (higher is better; NaN counts as no improvement).
  void end_epoch(double validation_metric);

  /// Plateau's memory as text that restores the same bits.
  std::string state() const;
  /// @throws FormatError for text that is not a schedule's state.
  void load(std::string_view state);

 private:
  double after_warmup(std::int64_t step) const;

  ScheduleConfig config_;
  double plateau_rate_ = 0;
  double best_ = 0;
  std::int64_t bad_epochs_ = 0;
};

}  // namespace dermdistill
