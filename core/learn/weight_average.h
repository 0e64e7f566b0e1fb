// Exponential moving average of weights (EMA): the averaged network usually generalises better than the last one.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/named_tensor.h"
#include "core/nn/parameter.h"

namespace dermdistill {

/// average += (1 - d) * (weights - average), d = min(decay, (1 + n) / (10 + n)) at the n-th update (from 0), so that
/// short runs are not held back by their start; the first update copies.
class WeightAverage {
 public:
  /// @throws InputError unless 0 <= decay < 1.
  explicit WeightAverage(double decay);

  /// From Network::state() (batch statistics included). Names and shapes must stay the same. @throws ShapeError.
  void update(const StateDict& weights);
  /// From parameters in the engine's own layout, without copying them first.
  void update(std::span<const Parameter> parameters);

  bool empty() const { return average_.empty(); }
  std::int64_t updates() const { return updates_; }
  /// The average, named and shaped as the weights were.
  const StateDict& average() const { return average_; }
  /// Writes the average over the parameters it was made from. @throws ShapeError.
  void copy_to(std::span<const Parameter> parameters) const;

  /// "ema.NAME" for each tensor and the count of updates, "ema_updates".
  StateDict state() const;
  /// Takes its tensors from `state` and ignores others. @throws ShapeError when the count is missing.
  void load(const StateDict& state);

 private:
  double next_decay() const;

  double decay_;
  std::int64_t updates_ = 0;
  StateDict average_;
};

}  // namespace dermdistill
