#include "core/nn/network.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/base/index.h"
#include "core/nn/network_storage.h"

namespace dermdistill {
namespace {

std::size_t weight_size(const Unit& unit) {
  return at(unit.out_channels) * at(unit.kernel * unit.kernel) * at(unit.depthwise ? 1 : unit.in_channels);
}

std::vector<std::int64_t> torch_shape(const Unit& unit) {
  return {unit.out_channels, unit.depthwise ? 1 : unit.in_channels, unit.kernel, unit.kernel};
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text.append(i ? ", " : "").append(std::to_string(shape[i]));
  return text + "]";
}

/// Calls body(torch index, own index) for every weight of a unit.
template <typename Body>
void for_weights(const Unit& unit, Body&& body) {
  const int inner = unit.depthwise ? 1 : unit.in_channels;
  const int taps = unit.kernel * unit.kernel;
  for (int o = 0; o < unit.out_channels; ++o) {
    for (int i = 0; i < inner; ++i) {
      for (int k = 0; k < taps; ++k) {
        const std::int64_t own = unit.depthwise ? static_cast<std::int64_t>(k) * unit.out_channels + o
                                                : (static_cast<std::int64_t>(o) * taps + k) * inner + i;
        body(at((static_cast<std::int64_t>(o) * inner + i) * taps + k), at(own));
      }
    }
  }
}

}  // namespace

std::vector<Scalar> to_torch_layout(const Unit& unit, std::span<const Scalar> weight) {
  std::vector<Scalar> torch(weight.size());
  for_weights(unit, [&](std::size_t to, std::size_t from) { torch[to] = weight[from]; });
  return torch;
}

void from_torch_layout(const Unit& unit, std::span<const Scalar> torch, std::span<Scalar> weight) {
  for_weights(unit, [&](std::size_t from, std::size_t to) { weight[to] = torch[from]; });
}

Network::Storage::Storage(const NetworkConfig& configuration)
    : config(configuration), units(build_units(configuration)) {
  embedding = units.back().out_channels;
  std::size_t value_count = at(config.classes) * at(embedding + 1), statistic_count = 0;
  for (const Unit& unit : units) {
    if (unit.kind != UnitKind::Convolution) continue;
    value_count += weight_size(unit) + 2 * at(unit.out_channels);
    statistic_count += 2 * at(unit.out_channels);
  }
  values.assign(value_count, 0.0f);
  gradients.assign(value_count, 0.0f);
  statistics.assign(statistic_count, 0.0f);

  std::size_t used = 0, used_statistics = 0;
  const auto parameter = [&](const std::string& name, ParameterKind kind, std::vector<std::int64_t> shape,
                             std::size_t count) {
    const std::pair spans{std::span(values).subspan(used, count), std::span(gradients).subspan(used, count)};
    used += count;
    parameters.push_back({name, kind, std::move(shape), spans.first, spans.second});
    return spans;
  };
  for (const Unit& unit : units) {
    UnitTensors t;
    if (unit.kind == UnitKind::Convolution) {
      const std::size_t channels = at(unit.out_channels);
      std::tie(t.weight, t.d_weight) =
          parameter(unit.conv_name + ".weight", ParameterKind::ConvWeight, torch_shape(unit), weight_size(unit));
      std::tie(t.norm_weight, t.d_norm_weight) =
          parameter(unit.norm_name + ".weight", ParameterKind::NormWeight, {unit.out_channels}, channels);
      std::tie(t.norm_bias, t.d_norm_bias) =
          parameter(unit.norm_name + ".bias", ParameterKind::NormBias, {unit.out_channels}, channels);
      t.running_mean = std::span(statistics).subspan(used_statistics, channels);
      t.running_variance = std::span(statistics).subspan(used_statistics + channels, channels);
      used_statistics += 2 * channels;
      std::fill(t.norm_weight.begin(), t.norm_weight.end(), 1.0f);
      std::fill(t.running_variance.begin(), t.running_variance.end(), 1.0f);
    }
    tensors.push_back(t);
  }
  const std::string head = config.architecture == Architecture::MobileNetV2 ? "classifier.1" : "fc";
  std::tie(classifier_weight, d_classifier_weight) = parameter(
      head + ".weight", ParameterKind::LinearWeight, {config.classes, embedding}, at(config.classes) * at(embedding));
  std::tie(classifier_bias, d_classifier_bias) =
      parameter(head + ".bias", ParameterKind::LinearBias, {config.classes}, at(config.classes));
}

Network::Network(const NetworkConfig& config) : storage_(std::make_unique<Storage>(config)) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const NetworkConfig& Network::config() const { return storage_->config; }
std::span<const Unit> Network::units() const { return storage_->units; }
int Network::embedding_size() const { return storage_->embedding; }
std::string Network::classifier_name() const {
  return storage_->config.architecture == Architecture::MobileNetV2 ? "classifier.1" : "fc";
}
std::span<Parameter> Network::parameters() { return storage_->parameters; }
std::span<const Parameter> Network::parameters() const { return storage_->parameters; }
std::span<Scalar> Network::values() { return storage_->values; }
std::span<const Scalar> Network::values() const { return storage_->values; }
std::span<Scalar> Network::statistics() { return storage_->statistics; }
std::span<const Scalar> Network::statistics() const { return storage_->statistics; }

void Network::initialise(Random& random) {
  for (std::size_t u = 0; u < storage_->units.size(); ++u) {
    const Unit& unit = storage_->units[u];
    if (unit.kind != UnitKind::Convolution) continue;
    auto& t = storage_->tensors[u];
    // Kaiming normal, fan out, He et al. 2015; PyTorch counts a depthwise filter's fan out as channels * k * k too.
    const double deviation = std::sqrt(2.0 / (unit.out_channels * unit.kernel * unit.kernel));
    for (Scalar& value : t.weight) value = static_cast<Scalar>(deviation * random.normal());
    std::fill(t.norm_weight.begin(), t.norm_weight.end(), 1.0f);
    std::fill(t.norm_bias.begin(), t.norm_bias.end(), 0.0f);
    std::fill(t.running_mean.begin(), t.running_mean.end(), 0.0f);
    std::fill(t.running_variance.begin(), t.running_variance.end(), 1.0f);
  }
  for (Scalar& value : storage_->classifier_weight) value = static_cast<Scalar>(0.01 * random.normal());
  std::fill(storage_->classifier_bias.begin(), storage_->classifier_bias.end(), 0.0f);
}

StateDict Network::state() const {
  StateDict state;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, std::span<const Scalar> values) {
    state.push_back({name, std::move(shape), {values.begin(), values.end()}});
  };
  for (std::size_t u = 0; u < storage_->units.size(); ++u) {
    const Unit& unit = storage_->units[u];
    if (unit.kind != UnitKind::Convolution) continue;
    const auto& t = storage_->tensors[u];
    add(unit.conv_name + ".weight", torch_shape(unit), to_torch_layout(unit, t.weight));
    add(unit.norm_name + ".weight", {unit.out_channels}, t.norm_weight);
    add(unit.norm_name + ".bias", {unit.out_channels}, t.norm_bias);
    add(unit.norm_name + ".running_mean", {unit.out_channels}, t.running_mean);
    add(unit.norm_name + ".running_var", {unit.out_channels}, t.running_variance);
  }
  add(classifier_name() + ".weight", {storage_->config.classes, storage_->embedding}, storage_->classifier_weight);
  add(classifier_name() + ".bias", {storage_->config.classes}, storage_->classifier_bias);
  return state;
}

StateDict Network::gradients() const {
  StateDict state;
  std::map<std::string, const Unit*> convolutions;
  for (const Unit& unit : storage_->units) convolutions[unit.conv_name + ".weight"] = &unit;
  for (const Parameter& parameter : storage_->parameters) {
    const auto unit = convolutions.find(parameter.name);
    const auto values = unit == convolutions.end()
                            ? std::vector<Scalar>(parameter.gradient.begin(), parameter.gradient.end())
                            : to_torch_layout(*unit->second, parameter.gradient);
    state.push_back({parameter.name, parameter.shape, {values.begin(), values.end()}});
  }
  return state;
}

void Network::load(const StateDict& state, const LoadOptions& options) {
  std::map<std::string, const NamedTensor*> given;
  for (const NamedTensor& tensor : state) given[tensor.name] = &tensor;
  const std::string network(to_string(storage_->config.architecture));
  const StateDict present = this->state();

  // Everything is checked before anything is changed.
  for (const NamedTensor& wanted : present) {
    const bool classifier = wanted.name.starts_with(classifier_name());
    const auto found = given.find(wanted.name);
    if (found == given.end()) {
      if (classifier && options.replace_classifier) continue;
      throw ShapeError("tensor " + wanted.name, "is missing", "every tensor of " + network);
    }
    const NamedTensor& tensor = *found->second;
    if (tensor.shape != wanted.shape) {
      if (classifier && options.replace_classifier) continue;
      throw ShapeError("tensor " + wanted.name, "has shape " + shape_text(tensor.shape),
                       shape_text(wanted.shape) + " in " + network);
    }
    if (!std::all_of(tensor.values.begin(), tensor.values.end(), [](float value) { return std::isfinite(value); })) {
      throw NumericError("tensor " + wanted.name, "holds a value that is not finite", "finite numbers");
    }
    if (wanted.name.ends_with("running_var") &&
        std::any_of(tensor.values.begin(), tensor.values.end(), [](float value) { return value < 0.0f; })) {
      throw NumericError("tensor " + wanted.name, "holds a negative variance", "variances of at least 0");
    }
  }
  for (const NamedTensor& tensor : state) {
    const bool known =
        std::any_of(present.begin(), present.end(), [&](const NamedTensor& p) { return p.name == tensor.name; });
    if (!known && !tensor.name.ends_with("num_batches_tracked"))
      throw ShapeError("tensor " + tensor.name, "is not part of " + network, "only its own tensors");
  }

  const auto fill = [&](const std::string& name, std::span<Scalar> target) {
    std::copy(given.at(name)->values.begin(), given.at(name)->values.end(), target.begin());
  };
  for (std::size_t u = 0; u < storage_->units.size(); ++u) {
    const Unit& unit = storage_->units[u];
    if (unit.kind != UnitKind::Convolution) continue;
    auto& t = storage_->tensors[u];
    const std::vector<float>& weight = given.at(unit.conv_name + ".weight")->values;
    from_torch_layout(unit, std::vector<Scalar>(weight.begin(), weight.end()), t.weight);
    fill(unit.norm_name + ".weight", t.norm_weight);
    fill(unit.norm_name + ".bias", t.norm_bias);
    fill(unit.norm_name + ".running_mean", t.running_mean);
    fill(unit.norm_name + ".running_var", t.running_variance);
  }
  const auto fits = [&](const std::string& name, std::span<Scalar> target) {
    return given.contains(name) && given.at(name)->values.size() == target.size();
  };
  const std::string head = classifier_name();
  if (fits(head + ".weight", storage_->classifier_weight) && fits(head + ".bias", storage_->classifier_bias)) {
    fill(head + ".weight", storage_->classifier_weight);
    fill(head + ".bias", storage_->classifier_bias);
  }
}

}  // namespace dermdistill
