#include "core/learn/weight_average.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace dermdistill {
namespace {

constexpr std::string_view kPrefix = "ema.";
constexpr std::string_view kCount = "ema_updates";
constexpr std::int64_t kBlock = 1 << 14;

void move_towards(std::span<const float> weights, double share, std::span<float> average) {
  const float part = static_cast<float>(share);
  const std::int64_t blocks = (static_cast<std::int64_t>(average.size()) + kBlock - 1) / kBlock;
  parallel_for(blocks, [&](std::int64_t block) {
    const std::size_t first = static_cast<std::size_t>(block * kBlock);
    const std::size_t last = std::min(average.size(), first + static_cast<std::size_t>(kBlock));
    for (std::size_t i = first; i < last; ++i) average[i] += part * (weights[i] - average[i]);
  });
}

/// Where the average of the tensor `name` is; `hint` is the likely place, for a state read from a file may be
/// reordered.
std::size_t find_average(const StateDict& average, std::size_t hint, const std::string& name, std::size_t size) {
  std::size_t index = hint;
  if (average[hint].name != name) {
    const auto found =
        std::find_if(average.begin(), average.end(), [&](const NamedTensor& t) { return t.name == name; });
    if (found == average.end())
      throw ShapeError("averaged weights " + name, "were not there before", "the same tensors");
    index = static_cast<std::size_t>(found - average.begin());
  }
  if (average[index].values.size() != size) {
    throw ShapeError("averaged weights " + name, std::to_string(size) + " values",
                     std::to_string(average[index].values.size()));
  }
  return index;
}

void check_count(std::size_t tensors, std::size_t expected) {
  if (tensors != expected) {
    throw ShapeError("averaged weights", std::to_string(tensors) + " tensors", std::to_string(expected));
  }
}

}  // namespace

WeightAverage::WeightAverage(double decay) : decay_(decay) {
  if (!(decay >= 0 && decay < 1))
    throw InputError("decay of the weight average", std::to_string(decay), "0 to below 1");
}

double WeightAverage::next_decay() const {
  const double n = static_cast<double>(updates_);
  return std::min(decay_, (1 + n) / (10 + n));
}

void WeightAverage::update(const StateDict& weights) {
  if (average_.empty()) {
    average_ = weights;
  } else {
    check_count(weights.size(), average_.size());
    const double share = 1 - next_decay();
    for (std::size_t t = 0; t < weights.size(); ++t) {
      const std::size_t index = find_average(average_, t, weights[t].name, weights[t].values.size());
      move_towards(weights[t].values, share, average_[index].values);
    }
  }
  ++updates_;
}

void WeightAverage::update(std::span<const Parameter> parameters) {
  if (average_.empty()) {
    for (const Parameter& p : parameters) average_.push_back({p.name, p.shape, {p.value.begin(), p.value.end()}});
  } else {
    check_count(parameters.size(), average_.size());
    const double share = 1 - next_decay();
    for (std::size_t t = 0; t < parameters.size(); ++t) {
      const std::size_t index = find_average(average_, t, parameters[t].name, parameters[t].value.size());
      move_towards(parameters[t].value, share, average_[index].values);
    }
  }
  ++updates_;
}

void WeightAverage::copy_to(std::span<const Parameter> parameters) const {
  check_count(parameters.size(), average_.size());
  for (std::size_t t = 0; t < parameters.size(); ++t) {
    const std::size_t index = find_average(average_, t, parameters[t].name, parameters[t].value.size());
    std::copy(average_[index].values.begin(), average_[index].values.end(), parameters[t].value.begin());
  }
}

StateDict WeightAverage::state() const {
  StateDict state;
  for (const NamedTensor& tensor : average_)
    state.push_back({std::string(kPrefix) + tensor.name, tensor.shape, tensor.values});
  state.push_back({std::string(kCount), {1}, {static_cast<float>(updates_)}});
  return state;
}

void WeightAverage::load(const StateDict& state) {
  StateDict average;
  std::int64_t updates = -1;
  for (const NamedTensor& tensor : state) {
    if (tensor.name == kCount && tensor.values.size() == 1) {
      updates = static_cast<std::int64_t>(tensor.values[0]);
    } else if (tensor.name.rfind(kPrefix, 0) == 0) {
      average.push_back({tensor.name.substr(kPrefix.size()), tensor.shape, tensor.values});
    }
  }
  if (updates < 0)
    throw ShapeError(std::string(kCount), "is missing from the state", "the count of updates of a weight average");
  average_ = std::move(average);
  updates_ = updates;
}

}  // namespace dermdistill
