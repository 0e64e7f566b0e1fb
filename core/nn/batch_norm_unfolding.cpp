#include "core/nn/batch_norm_unfolding.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/nn/batch_norm.h"

namespace dermdistill {
namespace {

std::vector<float>& values_of(StateDict& state, const std::string& name) {
  const auto found = std::find_if(state.begin(), state.end(), [&](const NamedTensor& t) { return t.name == name; });
  if (found == state.end()) throw ShapeError("tensor " + name, "it is missing", "every tensor of the network");
  return found->values;
}

void fill(StateDict& state, const std::string& name, float value) {
  std::vector<float>& values = values_of(state, name);
  std::fill(values.begin(), values.end(), value);
}

void set_values(StateDict& state, const std::string& name, std::span<const Scalar> values) {
  std::vector<float>& target = values_of(state, name);
  if (target.size() != values.size()) {
    throw ShapeError("tensor " + name, "it has " + std::to_string(values.size()) + " values",
                     std::to_string(target.size()));
  }
  std::transform(values.begin(), values.end(), target.begin(), [](Scalar value) { return static_cast<float>(value); });
}

/// Gamma and beta of one unit that undo its normalisation, from running statistics that started at 0 and moved once.
void undo_normalisation(StateDict& state, const Unit& unit, std::span<const Scalar> bias, const StateDict& measured) {
  StateDict moved = measured;
  const std::vector<float>&mean = values_of(moved, unit.norm_name + ".running_mean"),
        &variance = values_of(moved, unit.norm_name + ".running_var");
  std::vector<float>&gamma = values_of(state, unit.norm_name + ".weight"),
  &beta = values_of(state, unit.norm_name + ".bias");
  std::vector<float>&running_mean = values_of(state, unit.norm_name + ".running_mean"),
  &running_variance = values_of(state, unit.norm_name + ".running_var");
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    const double m = static_cast<double>(mean[c]) / kNormMomentum, v = static_cast<double>(variance[c]) / kNormMomentum;
    gamma[c] = static_cast<float>(std::sqrt(v + kNormEpsilon));
    beta[c] = static_cast<float>(static_cast<double>(bias[c]) + m);
    running_mean[c] = static_cast<float>(m);
    running_variance[c] = static_cast<float>(v);
  }
}

}  // namespace

Network unfold_batch_norm(const FoldedNetwork& folded, const Backend& backend, std::span<const Scalar> images,
                          int batch, int height, int width) {
  Network network(folded.config);
  StateDict state = network.state();
  for (std::size_t u = 0; u < folded.units.size(); ++u) {
    const Unit& unit = folded.units[u];
    if (unit.kind != UnitKind::Convolution) continue;
    set_values(state, unit.conv_name + ".weight", folded.weights[u]);
    fill(state, unit.norm_name + ".weight", 1.0f);
    fill(state, unit.norm_name + ".running_var", 0.0f);
  }
  set_values(state, network.classifier_name() + ".weight", folded.classifier_weight);
  set_values(state, network.classifier_name() + ".bias", folded.classifier_bias);

  // Unit by unit, as each one's input is right only once those before it are.
  TrainingPass pass(network, backend, batch, height, width);
  for (std::size_t u = 0; u < folded.units.size(); ++u) {
    const Unit& unit = folded.units[u];
    if (unit.kind != UnitKind::Convolution) continue;
    fill(state, unit.norm_name + ".running_mean", 0.0f);
    fill(state, unit.norm_name + ".running_var", 0.0f);
    network.load(state);
    pass.forward(images);
    undo_normalisation(state, unit, folded.biases[u], network.state());
  }
  network.load(state);
  return network;
}

}  // namespace dermdistill
