#include "core/nn/filter_scale.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/nn/batch_norm.h"

namespace dermdistill {
namespace {

std::vector<float>& values_of(StateDict& state, const std::string& name, std::size_t least) {
  const auto found = std::find_if(state.begin(), state.end(), [&](const NamedTensor& t) { return t.name == name; });
  if (found == state.end()) throw ShapeError("tensor " + name, "it is missing", "every tensor of the network");
  if (found->values.size() < least) {
    throw ShapeError("tensor " + name, std::to_string(found->values.size()) + " values",
                     "at least one for each of " + std::to_string(least) + " channels");
  }
  return found->values;
}

/// Root mean square, over the filters, of a filter's Euclidean norm.
double filter_norm(const std::vector<float>& weight, std::size_t filters) {
  double squares = 0;
  for (const float w : weight) squares += static_cast<double>(w) * static_cast<double>(w);
  return std::sqrt(squares / static_cast<double>(filters));
}

}  // namespace

int limit_filter_norms(StateDict& state, std::span<const Unit> units, double largest) {
  int changed = 0;
  for (const Unit& unit : units) {
    if (unit.kind != UnitKind::Convolution) continue;
    const auto channels = static_cast<std::size_t>(unit.out_channels);
    std::vector<float>& weight = values_of(state, unit.conv_name + ".weight", channels);
    const double norm = filter_norm(weight, channels);
    if (!(norm > largest)) continue;
    const double scale = largest / norm;
    std::vector<float>& gamma = values_of(state, unit.norm_name + ".weight", channels);
    std::vector<float>& mean = values_of(state, unit.norm_name + ".running_mean", channels);
    std::vector<float>& variance = values_of(state, unit.norm_name + ".running_var", channels);
    for (float& w : weight) w = static_cast<float>(static_cast<double>(w) * scale);
    for (std::size_t c = 0; c < channels; ++c) {
      const double before = variance[c], after = before * scale * scale;
      mean[c] = static_cast<float>(static_cast<double>(mean[c]) * scale);
      variance[c] = static_cast<float>(after);
      // The epsilon of batch norm weighs more against the smaller variance; gamma makes up for it.
      const double ratio = std::sqrt((after + kNormEpsilon) / (before + kNormEpsilon)) / scale;
      gamma[c] = static_cast<float>(static_cast<double>(gamma[c]) * ratio);
    }
    ++changed;
  }
  return changed;
}

}  // namespace dermdistill
