// SGD and AdamW with PyTorch's semantics, in one pass over each parameter.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/named_tensor.h"
#include "core/nn/parameter.h"

namespace dermdistill {

enum class OptimiserKind { Sgd, AdamW };

/// "sgd", "adamw". @throws InputError naming the known ones.
OptimiserKind parse_optimiser(std::string_view name);
std::string_view to_string(OptimiserKind kind);

struct OptimiserConfig {
  OptimiserKind kind = OptimiserKind::Sgd;
  double momentum = 0.9;                              // Sgd
  bool nesterov = false;                              // Sgd
  double weight_decay = 0;                            // Sgd: added to the gradient; AdamW: decoupled
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // AdamW
  bool decay_weights_only = false;  // exempt batch norms and biases from weight decay (the paper decays everything)
};

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  /// One update from the parameters' present gradients.
  virtual void step(double learning_rate) = 0;
  /// Everything a resumed run needs for the same bits: "momentum.NAME", or "adam_m.NAME", "adam_v.NAME", "adam_step".
  /// Tensors are one-dimensional, in the engine's own layout.
  virtual StateDict state() const = 0;
  /// Takes its tensors from `state` and ignores others. @throws ShapeError for a missing or mis-shaped one.
  virtual void load(const StateDict& state) = 0;
};

/// An optimiser of all parameters of the groups, whose memory must outlive it.
/// @throws InputError for a setting out of range, ShapeError for two parameters of one name or a gradient of another
/// size.
std::unique_ptr<Optimiser> make_optimiser(const OptimiserConfig& config, std::vector<std::span<Parameter>> groups);

}  // namespace dermdistill
