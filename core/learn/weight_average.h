// A moving average of a network's weights (EMA): the averaged network usually generalises better than the last one.
#pragma once

#include <cstdint>

#include "core/base/named_tensor.h"
#include "core/nn/network.h"

namespace dermdistill {

/// average += (1 - d) * (weights - average), d = min(decay, (1 + n) / (10 + n)) at the n-th update (from 0), so that
/// short runs are not held back by their start; the first update copies. The average is kept in the engine's own
/// layout: an update is one pass over flat memory.
class WeightAverage {
 public:
  /// Of networks of that configuration. @throws InputError unless 0 <= decay < 1.
  WeightAverage(const NetworkConfig& network, double decay);

  /// Batch statistics included. @throws ShapeError for a network of another size.
  void update(const Network& network);

  std::int64_t updates() const { return updates_; }
  /// Of no meaning before the first update.
  const Network& average() const { return average_; }

  /// "ema.NAME" for each tensor, as Network::state() has it, and the count of updates, "ema_updates".
  StateDict state() const;
  /// Takes its tensors from `state` and ignores others. @throws ShapeError when the count or a tensor is missing or of
  /// another shape, NumericError for a value that is not finite.
  void load(const StateDict& state);

 private:
  double next_decay() const;

  double decay_;
  std::int64_t updates_ = 0;
  Network average_;
};

}  // namespace dermdistill
