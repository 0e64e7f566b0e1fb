// Batch norm folded into the convolution before it: w' = w * g / sqrt(v + eps), b' = beta - m * g / sqrt(v + eps).
#include <cmath>

#include "core/nn/batch_norm.h"
#include "core/nn/network.h"
#include "core/nn/network_storage.h"

namespace dermdistill {

FoldedNetwork FoldedNetwork::skeleton(const NetworkConfig& config) {
  FoldedNetwork folded;
  folded.config = config;
  folded.units = build_units(config);
  for (const Unit& unit : folded.units) {
    const bool convolution = unit.kind == UnitKind::Convolution;
    const std::size_t inner =
        static_cast<std::size_t>((unit.depthwise ? 1 : unit.in_channels) * unit.kernel * unit.kernel);
    folded.weights.emplace_back(convolution ? static_cast<std::size_t>(unit.out_channels) * inner : 0);
    folded.biases.emplace_back(convolution ? static_cast<std::size_t>(unit.out_channels) : 0);
  }
  const std::size_t channels = static_cast<std::size_t>(folded.units.back().out_channels);
  folded.classifier_weight.resize(static_cast<std::size_t>(config.classes) * channels);
  folded.classifier_bias.resize(static_cast<std::size_t>(config.classes));
  return folded;
}

FoldedNetwork FoldedNetwork::from(const Network& network) {
  const auto& storage = *network.storage_;
  FoldedNetwork folded = skeleton(storage.config);
  for (std::size_t u = 0; u < folded.units.size(); ++u) {
    const Unit& unit = folded.units[u];
    if (unit.kind != UnitKind::Convolution) continue;
    const auto& t = storage.tensors[u];
    folded.weights[u] = to_torch_layout(unit, t.weight);
    const std::size_t channels = static_cast<std::size_t>(unit.out_channels);
    const std::size_t per_channel = folded.weights[u].size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      const double scale =
          static_cast<double>(t.norm_weight[c]) / std::sqrt(static_cast<double>(t.running_variance[c]) + kNormEpsilon);
      for (std::size_t i = 0; i < per_channel; ++i) {
        Scalar& weight = folded.weights[u][c * per_channel + i];
        weight = static_cast<Scalar>(static_cast<double>(weight) * scale);
      }
      folded.biases[u][c] =
          static_cast<Scalar>(static_cast<double>(t.norm_bias[c]) - static_cast<double>(t.running_mean[c]) * scale);
    }
  }
  folded.classifier_weight.assign(storage.classifier_weight.begin(), storage.classifier_weight.end());
  folded.classifier_bias.assign(storage.classifier_bias.begin(), storage.classifier_bias.end());
  return folded;
}

}  // namespace dermdistill
