#include "native/train/epoch_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "core/base/error.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/report/report.h"
#include "native/train/gradient_check.h"

namespace dermdistill {
namespace {

ScheduleConfig schedule_config(const StageConfig& stage, int steps_per_epoch) {
  ScheduleConfig config;
  config.kind = stage.schedule;
  config.base_rate = stage.rate;
  config.epochs = stage.epochs > 0 ? stage.epochs : 1;
  config.steps_per_epoch = steps_per_epoch;
  config.warmup_epochs = stage.warmup_epochs;
  config.milestones = stage.milestones;
  config.factor = stage.factor;
  config.patience = stage.patience;
  config.final_rate = stage.final_rate;
  return config;
}

std::string number_text(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// Where a loss or gradient that is not finite comes from: a forward pass leaves its mark on the running statistics.
std::string first_bad_tensor(const Stage& stage) {
  TensorFile file;
  stage.add_state_to(file);
  for (const NamedTensor& tensor : to_state(file)) {
    const bool finite =
        std::all_of(tensor.values.begin(), tensor.values.end(), [](float v) { return std::isfinite(v); });
    if (!finite) return "; the first tensor that is not finite is \"" + tensor.name + "\"";
  }
  return "; all weights and running statistics are finite";
}

}  // namespace

EpochLoop::EpochLoop(Stage& stage, RunFolder& folder, LoopConfig config)
    : stage_(stage),
      folder_(folder),
      config_(std::move(config)),
      steps_(stage.steps_per_epoch()),
      parameters_(stage.parameters()),
      optimiser_(make_optimiser(config_.stage.optimiser, parameters_)),
      schedule_(schedule_config(config_.stage, steps_)),
      stopping_(config_.stage.early_stop) {}

void EpochLoop::resume(const Checkpoint& checkpoint, const std::filesystem::path& name) {
  try {
    stage_.load_state(checkpoint.file, name);
    optimiser_->load(to_state(checkpoint.file, "optimiser."));
    schedule_.load(checkpoint.progress.schedule);
    stopping_.load(checkpoint.progress.stopping);
    sums_ = checkpoint.progress.sums.get<decltype(sums_)>();
  } catch (const ShapeError& error) {
    throw ShapeError(name.string() + ": " + error.what());
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(name.string(), std::string("has damaged metadata (") + error.what() + ")");
  }
  epoch_ = checkpoint.progress.epoch;
  step_ = checkpoint.progress.step;
  if (epoch_ < 0 || step_ < 0 || step_ > steps_) {
    throw FormatError(name.string(), "stands at step " + std::to_string(step_), "at most " + std::to_string(steps_));
  }
}

void EpochLoop::run() {
  // Written before the first step as well: from here on there is always a checkpoint to go on from.
  if (epoch_ == 0 && step_ == 0) save_last();
  while (!finished()) run_epoch();
}

bool EpochLoop::finished() const { return epoch_ >= config_.stage.epochs || stopping_.should_stop(); }

void EpochLoop::run_epoch() {
  const auto began = std::chrono::steady_clock::now();
  const std::int64_t batch = stage_.images_per_step();
  {
    Progress progress(stage_.name() + " " + std::to_string(epoch_ + 1) + "/" + std::to_string(config_.stage.epochs),
                      steps_ * batch, "images", step_ * batch);
    if (step_ < steps_) stage_.start_epoch(epoch_, step_);
    while (step_ < steps_) {
      const double rate = schedule_.rate(static_cast<std::int64_t>(epoch_) * steps_ + step_);
      try {
        step("in epoch " + std::to_string(epoch_ + 1) + ", step " + std::to_string(step_ + 1));
      } catch (const BatchError& error) {
        progress.finish();
        save_last();
        throw Error(std::string(error.what()) + "\nsaved in epoch " + std::to_string(epoch_ + 1) + " after step " +
                    std::to_string(step_) + "; with the file put back as it was, go on with: " + resume_command() +
                    " (data are known by their files' sizes: with a file of another size, --resume refuses them)");
      }
      progress.advance(batch, "loss " + number_text("%.4f", last_total_) + ", rate " + number_text("%.2e", rate));
      const bool stop = config_.stop_requested && config_.stop_requested();
      if (stop || (config_.save_every > 0 && step_ % config_.save_every == 0 && step_ < steps_)) save_last();
      if (stop) {
        progress.finish();
        throw Interrupted("stopped in epoch " + std::to_string(epoch_ + 1) + " of " + stage_.name() + " after step " +
                          std::to_string(step_) + " of " + std::to_string(steps_) +
                          " and saved; resume with: " + resume_command());
      }
    }
  }
  end_epoch(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

std::string EpochLoop::resume_command() const {
  return std::string("dermdistill ") + (config_.kind == "teacher" ? "teach" : "distill") + " --resume --out " +
         folder_.path().string();
}

void EpochLoop::step(const std::string& where) {
  const LossTerms& terms = stage_.compute_gradients();
  double norm = 0;
  try {
    check_loss(terms, where);
    norm = checked_gradient_norm(parameters_, where);
  } catch (const NumericError& error) {
    throw NumericError(error.what() + first_bad_tensor(stage_));
  }
  if (config_.stage.clip_norm > 0) clip_gradients(parameters_, norm, config_.stage.clip_norm);
  optimiser_->step(schedule_.rate(static_cast<std::int64_t>(epoch_) * steps_ + step_));
  stage_.after_update();
  if (sums_.empty()) {
    for (const auto& [name, value] : terms.terms) sums_.emplace_back(name, 0.0);
    sums_.emplace_back("total", 0.0);
  }
  for (std::size_t i = 0; i < terms.terms.size(); ++i) sums_[i].second += terms.terms[i].second;
  sums_.back().second += terms.total;
  last_total_ = terms.total;
  ++step_;
}

nlohmann::json EpochLoop::mean_terms() const {
  nlohmann::json means = nlohmann::json::object();
  for (const auto& [name, sum] : sums_) means[name] = sum / steps_;
  return means;
}

void EpochLoop::end_epoch(double seconds) {
  const auto began = std::chrono::steady_clock::now();
  const double rate = schedule_.rate(static_cast<std::int64_t>(epoch_) * steps_ + steps_ - 1);
  const std::optional<ValidationResult> validation = stage_.validate();
  nlohmann::json line = {
      {"stage", stage_.name()}, {"epoch", epoch_ + 1}, {"learning_rate", rate}, {"train", mean_terms()}};
  double metric = -sums_.back().second / steps_;  // without validation images the training loss has to do
  if (validation) {
    metric = config_.best_by == "accuracy" ? validation->accuracy : validation->balanced_accuracy;
    line["validation"] = to_json(*validation);
    const std::string melanoma =
        validation->melanoma_sensitivity
            ? "melanoma sensitivity " + number_text("%.4f", *validation->melanoma_sensitivity) + ", "
            : std::string{};
    std::fprintf(stderr, "  validation: %sbalanced accuracy %.4f, accuracy %.4f, loss %.4f\n", melanoma.c_str(),
                 validation->balanced_accuracy, validation->accuracy, validation->loss);
  }
  schedule_.end_epoch(metric);
  const bool better = stopping_.update(metric);
  ++epoch_;
  step_ = 0;
  sums_.clear();
  line["seconds"] = seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  // In this order, because resuming starts from the last checkpoint: what comes before it is done again, the same way.
  folder_.log(line);
  if (validation ? better : finished()) save_best(validation);
  save_last();
  write_training_report(folder_.path());
}

Checkpoint EpochLoop::checkpoint() const {
  Checkpoint out;
  out.kind = config_.kind;
  out.network = config_.network;
  out.card = config_.card;
  RunProgress& progress = out.progress;
  progress.stage = stage_.name();
  progress.epoch = epoch_;
  progress.step = step_;
  progress.finished = config_.last_stage && finished();
  progress.sums = sums_;
  progress.schedule = schedule_.state();
  progress.stopping = stopping_.state();
  progress.best_epoch = stopping_.best_epoch();
  progress.best_metric = stopping_.best_epoch() >= 0 ? stopping_.best() : 0;
  return out;
}

void EpochLoop::save_last() {
  Checkpoint out = checkpoint();
  stage_.add_state_to(out.file);
  add_state(out.file, optimiser_->state(), "optimiser.");
  write_checkpoint(folder_.last(), std::move(out));
}

void EpochLoop::save_best(const std::optional<ValidationResult>& validation) const {
  Checkpoint out = checkpoint();
  if (validation) out.card.metrics["validation"] = to_json(*validation);
  stage_.add_best_to(out.file);
  write_checkpoint(folder_.best(), std::move(out));
}

}  // namespace dermdistill
