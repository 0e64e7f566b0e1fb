// How good a network is on images it was not trained on, once an epoch.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/nn/network.h"
#include "native/data/loader.h"

namespace dermdistill {

struct ValidationResult {
  double accuracy = 0, balanced_accuracy = 0;
  std::optional<double> melanoma_sensitivity, macro_auc;  // absent without the classes they need
  double loss = 0;                                        // mean cross entropy, not weighted
};
nlohmann::json to_json(const ValidationResult& result);

/// logits [n, classes]. @throws NumericError when one is not finite.
ValidationResult score_logits(std::span<const float> logits, std::span<const int> labels,
                              std::span<const std::string> classes);

class Validation {
 public:
  /// `indices` may be empty: then there is nothing to evaluate.
  Validation(const Dataset& dataset, std::span<const int> indices, const Preprocessing& preprocessing, int batch,
             int workers, const Backend& backend);

  /// In evaluation mode with folded batch norm.
  std::optional<ValidationResult> evaluate(const Network& network);

 private:
  std::vector<std::string> classes_;
  int batch_, size_;
  std::optional<Loader> loader_;
  const Backend& backend_;
};

}  // namespace dermdistill
