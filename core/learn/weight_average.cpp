#include "core/learn/weight_average.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace dermdistill {
namespace {

constexpr std::string_view kPrefix = "ema.";
constexpr std::string_view kCount = "ema_updates";
constexpr std::int64_t kBlock = 1 << 14;

/// A share of 1 copies, bit for bit.
void move_towards(std::span<const Scalar> weights, double share, std::span<Scalar> average) {
  if (weights.size() != average.size()) {
    throw ShapeError("averaged weights", std::to_string(weights.size()) + " values", std::to_string(average.size()));
  }
  const Scalar part = static_cast<Scalar>(share);
  const std::int64_t blocks = (static_cast<std::int64_t>(average.size()) + kBlock - 1) / kBlock;
  parallel_for(blocks, [&](std::int64_t block) {
    const std::size_t first = static_cast<std::size_t>(block * kBlock);
    const std::size_t last = std::min(average.size(), first + static_cast<std::size_t>(kBlock));
    if (share == 1) {
      std::copy(weights.begin() + static_cast<std::ptrdiff_t>(first),
                weights.begin() + static_cast<std::ptrdiff_t>(last),
                average.begin() + static_cast<std::ptrdiff_t>(first));
      return;
    }
    const Scalar* from = weights.data();
    Scalar* to = average.data();
    for (std::size_t i = first; i < last; ++i) to[i] += part * (from[i] - to[i]);
  });
}

}  // namespace

WeightAverage::WeightAverage(const NetworkConfig& network, double decay) : decay_(decay), average_(network) {
  if (!(decay >= 0 && decay < 1))
    throw InputError("decay of the weight average", std::to_string(decay), "0 to below 1");
}

double WeightAverage::next_decay() const {
  const double n = static_cast<double>(updates_);
  return std::min(decay_, (1 + n) / (10 + n));
}

void WeightAverage::update(const Network& network) {
  const double share = updates_ == 0 ? 1 : 1 - next_decay();
  move_towards(network.values(), share, average_.values());
  move_towards(network.statistics(), share, average_.statistics());
  ++updates_;
}

StateDict WeightAverage::state() const {
  StateDict state = average_.state();
  for (NamedTensor& tensor : state) tensor.name.insert(0, kPrefix);
  state.push_back({std::string(kCount), {1}, {static_cast<float>(updates_)}});
  return state;
}

void WeightAverage::load(const StateDict& state) {
  StateDict average;
  std::int64_t updates = -1;
  for (const NamedTensor& tensor : state) {
    if (tensor.name == kCount && tensor.values.size() == 1) {
      updates = static_cast<std::int64_t>(tensor.values[0]);
    } else if (tensor.name.starts_with(kPrefix)) {
      average.push_back({tensor.name.substr(kPrefix.size()), tensor.shape, tensor.values});
    }
  }
  if (updates < 0)
    throw ShapeError(std::string(kCount), "is missing from the state", "the count of updates of a weight average");
  average_.load(average);
  updates_ = updates;
}

}  // namespace dermdistill
