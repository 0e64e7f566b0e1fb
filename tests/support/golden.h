// Golden files of the loss kind: inputs, expected value and expected gradients of the loss terms.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "tests/support/paths.h"

namespace dermdistill::testing {

struct GoldenTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // row-major
};

struct GoldenLoss {
  double value = 0;
  std::map<std::string, std::vector<double>> gradients;  // by the name of the input
  std::vector<int> kept;                                 // rows kept by the error ranking, or empty
};

struct GoldenLosses {
  std::string file;
  std::map<std::string, GoldenTensor> inputs;
  std::vector<int> labels;
  std::vector<float> class_weights;
  std::map<std::string, GoldenLoss> losses;
  std::vector<double> student_similarity;  // or empty

  const GoldenTensor& input(const std::string& name) const {
    const auto found = inputs.find(name);
    if (found == inputs.end()) throw FormatError(file, "has no input " + name);
    return found->second;
  }
};

/// Whether parsed JSON is of the loss kind.
inline bool is_golden_losses(const nlohmann::json& json) {
  return json.is_object() && json.contains("shapes") && json.contains("inputs") && json.contains("expected") &&
         json.contains("target") && json.contains("class_weight");
}

inline GoldenLosses parse_golden_losses(const nlohmann::json& json, const std::string& file) {
  GoldenLosses golden;
  golden.file = file;
  for (const auto& [name, values] : json.at("inputs").items()) {
    golden.inputs[name] = {json.at("shapes").at(name).get<std::vector<std::int64_t>>(),
                           values.get<std::vector<float>>()};
  }
  golden.labels = json.at("target").get<std::vector<int>>();
  golden.class_weights = json.at("class_weight").get<std::vector<float>>();
  for (const auto& [name, expected] : json.at("expected").items()) {
    if (name == "student_similarity") {
      golden.student_similarity = expected.get<std::vector<double>>();
      continue;
    }
    GoldenLoss loss;
    loss.value = expected.at("value").get<double>();
    for (const auto& [input, gradient] : expected.at("grad").items())
      loss.gradients[input] = gradient.get<std::vector<double>>();
    if (expected.contains("kept")) loss.kept = expected.at("kept").get<std::vector<int>>();
    golden.losses[name] = loss;
  }
  return golden;
}

/// Every file of the loss kind in the golden folder, by name.
inline std::vector<GoldenLosses> load_golden_losses() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(golden_dir())) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<GoldenLosses> all;
  for (const auto& file : files) {
    std::ifstream stream(file);
    const nlohmann::json json = nlohmann::json::parse(stream);
    if (is_golden_losses(json)) all.push_back(parse_golden_losses(json, file.filename().string()));
  }
  return all;
}

/// Largest difference over largest expected magnitude; 0 expected everywhere leaves the difference itself.
template <typename Actual, typename Expected>
double largest_relative_difference(std::span<const Actual> actual, std::span<const Expected> expected) {
  if (actual.size() != expected.size()) return INFINITY;
  double difference = 0, magnitude = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double a = static_cast<double>(actual[i]), e = static_cast<double>(expected[i]);
    if (std::isnan(a) || std::isnan(e)) return INFINITY;
    difference = std::max(difference, std::abs(a - e));
    magnitude = std::max(magnitude, std::abs(e));
  }
  return magnitude > 0 ? difference / magnitude : difference;
}

}  // namespace dermdistill::testing
