#include "native/onnx/weights.h"

#include <cmath>

#include "core/base/error.h"

namespace dermdistill {
namespace {

template <typename Float, typename Folded>
std::vector<NamedWeight<Float>> collect(Folded& network) {
  std::vector<NamedWeight<Float>> result;
  for (std::size_t i = 0; i < network.units.size(); ++i) {
    const Unit& unit = network.units[i];
    if (unit.kind != UnitKind::Convolution) continue;
    const std::int64_t in = unit.depthwise ? 1 : unit.in_channels;
    result.push_back(
        {unit.conv_name + ".weight", {unit.out_channels, in, unit.kernel, unit.kernel}, network.weights[i]});
    result.push_back({unit.conv_name + ".bias", {unit.out_channels}, network.biases[i]});
  }
  const std::int64_t channels = network.units.back().out_channels;
  const std::string prefix = classifier_prefix(network.config.architecture);
  result.push_back({prefix + ".weight", {network.config.classes, channels}, network.classifier_weight});
  result.push_back({prefix + ".bias", {network.config.classes}, network.classifier_bias});
  return result;
}

}  // namespace

std::string classifier_prefix(Architecture architecture) {
  return architecture == Architecture::MobileNetV2 ? "classifier.1" : "fc";
}

std::vector<NamedWeight<const float>> named_weights(const FoldedNetwork& network) {
  return collect<const float>(network);
}

std::vector<NamedWeight<float>> named_weights(FoldedNetwork& network) { return collect<float>(network); }

std::size_t element_count(std::span<const std::int64_t> shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return count;
}

std::string describe_shape(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void require_finite(const std::string& name, std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw NumericError("tensor " + name, "value " + std::to_string(i) + " is not finite", "finite numbers");
    }
  }
}

}  // namespace dermdistill
