#include "core/learn/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "core/base/error.h"
#include "core/learn/exact_text.h"

namespace dermdistill {
namespace {

constexpr std::array<std::pair<std::string_view, ScheduleKind>, 4> kNames{{{"constant", ScheduleKind::Constant},
                                                                           {"step", ScheduleKind::Step},
                                                                           {"plateau", ScheduleKind::Plateau},
                                                                           {"cosine", ScheduleKind::Cosine}}};
constexpr double kLeastReduction = 1e-8;  // PyTorch's eps: a smaller reduction of the rate is not made

void require(bool condition, const std::string& thing, double value, const char* expected) {
  if (!condition) throw InputError(thing, std::to_string(value), expected);
}

}  // namespace

ScheduleKind parse_schedule(std::string_view name) {
  std::string known;
  for (const auto& [text, kind] : kNames) {
    if (text == name) return kind;
    known.append(known.empty() ? "" : ", ").append(text);
  }
  throw InputError("schedule " + std::string(name), "is unknown", "one of " + known);
}

std::string_view to_string(ScheduleKind kind) {
  for (const auto& [text, known] : kNames) {
    if (known == kind) return text;
  }
  throw InputError("schedule", "is unknown");
}

Schedule::Schedule(const ScheduleConfig& config)
    : config_(config), plateau_rate_(config.base_rate), best_(-std::numeric_limits<double>::infinity()) {
  require(config.base_rate >= 0 && std::isfinite(config.base_rate), "learning rate", config.base_rate, "at least 0");
  require(config.final_rate >= 0 && std::isfinite(config.final_rate), "final learning rate", config.final_rate,
          "at least 0");
  require(config.epochs >= 1, "epochs of the schedule", config.epochs, "at least 1");
  require(config.steps_per_epoch >= 1, "steps per epoch", config.steps_per_epoch, "at least 1");
  require(config.warmup_epochs >= 0, "warm-up epochs", config.warmup_epochs, "at least 0");
  require(config.factor > 0 && config.factor <= 1, "factor of the schedule", config.factor, "above 0, at most 1");
  require(config.patience >= 0, "patience of the schedule", config.patience, "at least 0");
  if (!std::is_sorted(config.milestones.begin(), config.milestones.end())) {
    throw InputError("milestones of the schedule", "are not in ascending order", "such as 30, 45");
  }
}

double Schedule::rate(std::int64_t step) const {
  const std::int64_t warmup = static_cast<std::int64_t>(config_.warmup_epochs) * config_.steps_per_epoch;
  const double rate = after_warmup(step);
  return step < warmup ? rate * static_cast<double>(step + 1) / static_cast<double>(warmup) : rate;
}

double Schedule::after_warmup(std::int64_t step) const {
  switch (config_.kind) {
    case ScheduleKind::Constant:
      return config_.base_rate;
    case ScheduleKind::Step: {
      const std::int64_t epoch = step / config_.steps_per_epoch;
      double rate = config_.base_rate;
      for (const int milestone : config_.milestones) {
        if (epoch >= milestone) rate *= config_.factor;
      }
      return rate;
    }
    case ScheduleKind::Plateau:
      return plateau_rate_;
    case ScheduleKind::Cosine: {
      const std::int64_t warmup = static_cast<std::int64_t>(config_.warmup_epochs) * config_.steps_per_epoch;
      const std::int64_t length = static_cast<std::int64_t>(config_.epochs) * config_.steps_per_epoch - warmup;
      if (length <= 0) return config_.base_rate;
      const double part = std::clamp(static_cast<double>(step - warmup) / static_cast<double>(length), 0.0, 1.0);
      return config_.final_rate +
             (config_.base_rate - config_.final_rate) * (1 + std::cos(std::numbers::pi * part)) / 2;
    }
  }
  return config_.base_rate;
}

void Schedule::end_epoch(double validation_metric) {
  if (config_.kind != ScheduleKind::Plateau) return;
  // A start at minus infinity times a threshold stays minus infinity, so the first metric is always an improvement.
  if (validation_metric > best_ * (1 + config_.threshold)) {
    best_ = validation_metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (bad_epochs_ > config_.patience) {
    const double reduced = std::max(plateau_rate_ * config_.factor, config_.final_rate);
    if (plateau_rate_ - reduced > kLeastReduction) plateau_rate_ = reduced;
    bad_epochs_ = 0;
  }
}

std::string Schedule::state() const {
  return words_to_text("schedule", {to_word(plateau_rate_), to_word(best_), static_cast<StateWord>(bad_epochs_)});
}

void Schedule::load(std::string_view state) {
  const std::vector<StateWord> words = words_from_text(state, "schedule", 3);
  plateau_rate_ = to_double(words[0]);
  best_ = to_double(words[1]);
  bad_epochs_ = static_cast<std::int64_t>(words[2]);
}

}  // namespace dermdistill
