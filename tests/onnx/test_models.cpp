#include "test_models.h"

#include <string>
#include <string_view>

#include "core/base/random.h"

namespace dermdistill::testing {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// The unit whose batch norm has this tensor, or null.
const Unit* unit_of_norm(const Network& network, std::string_view tensor) {
  for (const Unit& unit : network.units()) {
    if (!unit.norm_name.empty() && tensor.substr(0, tensor.rfind('.')) == unit.norm_name) return &unit;
  }
  return nullptr;
}

}  // namespace

Network random_network(const NetworkConfig& config, std::uint64_t seed) {
  Random random(seed);
  Network network(config);
  network.initialise(random);
  StateDict state = network.state();
  for (NamedTensor& tensor : state) {
    const Unit* norm = unit_of_norm(network, tensor.name);
    // Without this the sums of many residual units would grow far beyond what a trained network computes with.
    const double scale = norm && norm->residual >= 0 ? 0.3 : 1.0;
    const bool classifier = tensor.name.rfind(network.classifier_name(), 0) == 0;
    for (float& value : tensor.values) {
      if (ends_with(tensor.name, "running_mean")) {
        value = static_cast<float>(0.2 * random.normal());
      } else if (ends_with(tensor.name, "running_var")) {
        value = static_cast<float>(random.uniform(0.5, 1.5));
      } else if (norm && ends_with(tensor.name, "weight")) {
        value = static_cast<float>(scale * random.uniform(0.6, 1.4));
      } else if (norm && ends_with(tensor.name, "bias")) {
        value = static_cast<float>(0.3 * random.normal());
      } else if (classifier) {
        value = static_cast<float>(0.2 * random.normal());
      }
    }
  }
  network.load(state);
  return network;
}

ModelCard test_card(const NetworkConfig& config, int size) {
  ModelCard card;
  card.name = "test model";
  card.architecture = std::string(to_string(config.architecture));
  card.width = config.width;
  if (config.classes == static_cast<int>(isic_classes().size())) card.classes = isic_classes();
  for (int i = static_cast<int>(card.classes.size()); i < config.classes; ++i)
    card.classes.push_back("C" + std::to_string(i));
  for (const std::string& code : card.classes) card.class_names.push_back(full_class_name(code));
  card.preprocessing.size = size;
  card.temperature = 1.5;
  card.operating_points = {{card.classes.front(), 0.25, 0.9, 0.7}};
  card.metrics = {{"validation", {{"balanced_accuracy", 0.5}}}};
  card.notices = {"a notice"};
  return card;
}

std::vector<float> random_images(int n, int size, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> images(static_cast<std::size_t>(n) * static_cast<std::size_t>(size) *
                            static_cast<std::size_t>(size) * 3);
  for (float& value : images) value = static_cast<float>(random.normal());
  return images;
}

}  // namespace dermdistill::testing
