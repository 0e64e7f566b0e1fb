#include "core/learn/optimiser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/large_vector.h"
#include "core/base/parallel.h"

namespace dermdistill {
namespace {

constexpr std::array<std::pair<std::string_view, OptimiserKind>, 2> kNames{
    {{"sgd", OptimiserKind::Sgd}, {"adamw", OptimiserKind::AdamW}}};
constexpr std::int64_t kBlock = 1 << 14;  // values of one piece of work
constexpr std::string_view kStepName = "adam_step";

void require(bool condition, const char* thing, double value, const char* expected) {
  if (!condition) throw InputError(thing, std::to_string(value), expected);
}

/// One parameter and its buffers, zero at the start: momentum alone, or the two moments of Adam.
struct Slot {
  Parameter* parameter;
  double decay;
  LargeVector<Scalar> first, second;
};

bool is_decayed(const OptimiserConfig& config, ParameterKind kind) {
  return !config.decay_weights_only || kind == ParameterKind::ConvWeight || kind == ParameterKind::LinearWeight;
}

std::vector<Slot> make_slots(const OptimiserConfig& config, std::span<const std::span<Parameter>> groups) {
  std::vector<Slot> slots;
  std::set<std::string> names;
  const bool adam = config.kind == OptimiserKind::AdamW;
  for (const std::span<Parameter> group : groups) {
    for (Parameter& parameter : group) {
      if (!names.insert(parameter.name).second) {
        throw ShapeError("parameter " + parameter.name, "is there twice", "a name for each parameter");
      }
      if (parameter.gradient.size() != parameter.value.size()) {
        throw ShapeError("gradient of " + parameter.name, std::to_string(parameter.gradient.size()) + " values",
                         std::to_string(parameter.value.size()));
      }
      Slot slot{&parameter, is_decayed(config, parameter.kind) ? config.weight_decay : 0.0, {}, {}};
      if (adam || config.momentum != 0) slot.first.assign(parameter.value.size(), 0.0F);
      if (adam) slot.second.assign(parameter.value.size(), 0.0F);
      slots.push_back(std::move(slot));
    }
  }
  return slots;
}

/// Where one thread's piece of work begins: a slice of a slot. Pieces are made once, so that a step allocates nothing.
struct Piece {
  std::size_t slot, first, last;
};

std::vector<Piece> make_pieces(const std::vector<Slot>& slots) {
  std::vector<Piece> pieces;
  for (std::size_t s = 0; s < slots.size(); ++s) {
    const std::size_t size = slots[s].parameter->value.size();
    for (std::size_t first = 0; first < size; first += static_cast<std::size_t>(kBlock)) {
      pieces.push_back({s, first, std::min(size, first + static_cast<std::size_t>(kBlock))});
    }
  }
  return pieces;
}

void add_tensor(StateDict& state, std::string_view prefix, const Slot& slot, std::span<const Scalar> values) {
  state.push_back({std::string(prefix) + slot.parameter->name,
                   {static_cast<std::int64_t>(values.size())},
                   {values.begin(), values.end()}});
}

const NamedTensor& find_tensor(const StateDict& state, const std::string& name, std::size_t size) {
  const auto found =
      std::find_if(state.begin(), state.end(), [&](const NamedTensor& tensor) { return tensor.name == name; });
  if (found == state.end()) throw ShapeError("optimiser state " + name, "is missing", std::to_string(size) + " values");
  if (found->values.size() != size) {
    throw ShapeError("optimiser state " + name, std::to_string(found->values.size()) + " values", std::to_string(size));
  }
  return *found;
}

class Sgd : public Optimiser {
 public:
  Sgd(const OptimiserConfig& config, std::span<const std::span<Parameter>> groups)
      : config_(config), slots_(make_slots(config, groups)), pieces_(make_pieces(slots_)) {}

  void step(double learning_rate) override {
    const Scalar rate = static_cast<Scalar>(learning_rate), momentum = static_cast<Scalar>(config_.momentum);
    parallel_for(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t index) {
      const Piece& piece = pieces_[static_cast<std::size_t>(index)];
      Slot& slot = slots_[piece.slot];
      Scalar* value = slot.parameter->value.data();
      const Scalar* gradient = slot.parameter->gradient.data();
      const Scalar decay = static_cast<Scalar>(slot.decay);
      if (slot.first.empty()) {
        for (std::size_t i = piece.first; i < piece.last; ++i) value[i] -= rate * (gradient[i] + decay * value[i]);
        return;
      }
      // PyTorch's first step copies the gradient into the buffer, which a buffer of zeros does as well.
      Scalar* buffer = slot.first.data();
      if (config_.nesterov) {
        for (std::size_t i = piece.first; i < piece.last; ++i) {
          const Scalar g = gradient[i] + decay * value[i];
          buffer[i] = momentum * buffer[i] + g;
          value[i] -= rate * (g + momentum * buffer[i]);
        }
      } else {
        for (std::size_t i = piece.first; i < piece.last; ++i) {
          buffer[i] = momentum * buffer[i] + (gradient[i] + decay * value[i]);
          value[i] -= rate * buffer[i];
        }
      }
    });
  }

  StateDict state() const override {
    StateDict state;
    for (const Slot& slot : slots_) {
      if (!slot.first.empty()) add_tensor(state, "momentum.", slot, slot.first);
    }
    return state;
  }

  void load(const StateDict& state) override {
    std::vector<const NamedTensor*> found;
    for (const Slot& slot : slots_) {
      found.push_back(slot.first.empty() ? nullptr
                                         : &find_tensor(state, "momentum." + slot.parameter->name, slot.first.size()));
    }
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      if (found[s] != nullptr) slots_[s].first.assign(found[s]->values.begin(), found[s]->values.end());
    }
  }

 private:
  OptimiserConfig config_;
  std::vector<Slot> slots_;
  std::vector<Piece> pieces_;
};

struct AdamRates {
  Scalar beta1, rest1, beta2, rest2, rate, root2, epsilon, keep;
};

/// The rates come by value: references to them might alias the floats that are written, and nothing would vectorise.
void adamw_slice(const AdamRates r, std::size_t count, const Scalar* gradient, Scalar* first, Scalar* second,
                 Scalar* value) {
  for (std::size_t i = 0; i < count; ++i) {
    const Scalar g = gradient[i];
    first[i] = r.beta1 * first[i] + r.rest1 * g;
    second[i] = r.beta2 * second[i] + r.rest2 * g * g;
    value[i] = r.keep * value[i] - r.rate * first[i] / (std::sqrt(second[i]) / r.root2 + r.epsilon);
  }
}

class AdamW : public Optimiser {
 public:
  AdamW(const OptimiserConfig& config, std::span<const std::span<Parameter>> groups)
      : config_(config), slots_(make_slots(config, groups)), pieces_(make_pieces(slots_)) {}

  void step(double learning_rate) override {
    ++steps_;
    const double count = static_cast<double>(steps_);
    const double correction1 = 1 - std::pow(config_.beta1, count), correction2 = 1 - std::pow(config_.beta2, count);
    AdamRates rates{};
    rates.beta1 = static_cast<Scalar>(config_.beta1);
    rates.beta2 = static_cast<Scalar>(config_.beta2);
    rates.rest1 = static_cast<Scalar>(1 - config_.beta1);
    rates.rest2 = static_cast<Scalar>(1 - config_.beta2);
    rates.rate = static_cast<Scalar>(learning_rate / correction1);
    rates.root2 = static_cast<Scalar>(std::sqrt(correction2));
    rates.epsilon = static_cast<Scalar>(config_.epsilon);
    parallel_for(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t index) {
      const Piece& piece = pieces_[static_cast<std::size_t>(index)];
      Slot& slot = slots_[piece.slot];
      AdamRates own = rates;
      own.keep = static_cast<Scalar>(1 - learning_rate * slot.decay);
      adamw_slice(own, piece.last - piece.first, slot.parameter->gradient.data() + piece.first,
                  slot.first.data() + piece.first, slot.second.data() + piece.first,
                  slot.parameter->value.data() + piece.first);
    });
  }

  StateDict state() const override {
    StateDict state;
    for (const Slot& slot : slots_) {
      add_tensor(state, "adam_m.", slot, slot.first);
      add_tensor(state, "adam_v.", slot, slot.second);
    }
    state.push_back({std::string(kStepName), {1}, {static_cast<float>(steps_)}});
    return state;
  }

  void load(const StateDict& state) override {
    std::vector<std::pair<const NamedTensor*, const NamedTensor*>> found;
    for (const Slot& slot : slots_) {
      found.emplace_back(&find_tensor(state, "adam_m." + slot.parameter->name, slot.first.size()),
                         &find_tensor(state, "adam_v." + slot.parameter->name, slot.second.size()));
    }
    const float steps = find_tensor(state, std::string(kStepName), 1).values[0];
    if (!(steps >= 0)) throw ShapeError("optimiser state adam_step", std::to_string(steps), "a count of steps");
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      slots_[s].first.assign(found[s].first->values.begin(), found[s].first->values.end());
      slots_[s].second.assign(found[s].second->values.begin(), found[s].second->values.end());
    }
    steps_ = static_cast<std::int64_t>(steps);
  }

 private:
  OptimiserConfig config_;
  std::vector<Slot> slots_;
  std::vector<Piece> pieces_;
  std::int64_t steps_ = 0;
};

}  // namespace

OptimiserKind parse_optimiser(std::string_view name) {
  for (const auto& [text, kind] : kNames) {
    if (text == name) return kind;
  }
  throw InputError("optimiser " + std::string(name), "is unknown", "sgd or adamw");
}

std::string_view to_string(OptimiserKind kind) {
  for (const auto& [text, known] : kNames) {
    if (known == kind) return text;
  }
  throw InputError("optimiser", "is unknown");
}

std::unique_ptr<Optimiser> make_optimiser(const OptimiserConfig& config, std::vector<std::span<Parameter>> groups) {
  require(config.weight_decay >= 0 && std::isfinite(config.weight_decay), "weight decay", config.weight_decay,
          "at least 0");
  if (config.kind == OptimiserKind::AdamW) {
    require(config.beta1 >= 0 && config.beta1 < 1, "beta1", config.beta1, "0 to below 1");
    require(config.beta2 >= 0 && config.beta2 < 1, "beta2", config.beta2, "0 to below 1");
    require(config.epsilon > 0, "epsilon", config.epsilon, "above 0");
    return std::make_unique<AdamW>(config, groups);
  }
  require(config.momentum >= 0 && config.momentum < 1, "momentum", config.momentum, "0 to below 1");
  require(!config.nesterov || config.momentum > 0, "momentum with Nesterov", config.momentum, "above 0");
  return std::make_unique<Sgd>(config, groups);
}

}  // namespace dermdistill
