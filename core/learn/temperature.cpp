#include "core/learn/temperature.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

void check(std::span<const float> logits, std::span<const int> labels, int classes) {
  if (classes < 1 || labels.empty() || logits.size() != labels.size() * static_cast<std::size_t>(classes)) {
    throw ShapeError("logits of the temperature", std::to_string(logits.size()) + " values",
                     std::to_string(labels.size()) + " rows of " + std::to_string(classes) + ", at least one");
  }
  for (const int label : labels) {
    if (label < 0 || label >= classes) {
      throw InputError("label " + std::to_string(label), "is not a class", "0 to " + std::to_string(classes - 1));
    }
  }
  for (const float logit : logits) {
    if (!std::isfinite(logit))
      throw NumericError("logits of the temperature", "a value is not finite", "finite numbers");
  }
}

struct LossAndSlope {
  double loss = 0, slope = 0;  // slope by the inverse temperature
};

LossAndSlope evaluate(std::span<const float> logits, std::span<const int> labels, int classes, double inverse) {
  const std::size_t width = static_cast<std::size_t>(classes);
  LossAndSlope sum;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const std::span<const float> row = logits.subspan(r * width, width);
    const double greatest = static_cast<double>(*std::max_element(row.begin(), row.end()));
    double total = 0, weighted = 0;
    for (const float logit : row) {
      // Differences from the greatest logit keep every exponent at or below zero.
      const double below = static_cast<double>(logit) - greatest, e = std::exp(inverse * below);
      total += e;
      weighted += e * below;
    }
    const double own = static_cast<double>(row[static_cast<std::size_t>(labels[r])]) - greatest;
    sum.loss += std::log(total) - inverse * own;
    sum.slope += weighted / total - own;
  }
  const double count = static_cast<double>(labels.size());
  return {sum.loss / count, sum.slope / count};
}

}  // namespace

double temperature_loss(std::span<const float> logits, std::span<const int> labels, int classes, double temperature) {
  check(logits, labels, classes);
  if (!(temperature > 0)) throw InputError("temperature", std::to_string(temperature), "above 0");
  return evaluate(logits, labels, classes, 1 / temperature).loss;
}

bool classified_without_error(std::span<const float> logits, std::span<const int> labels, int classes) {
  check(logits, labels, classes);
  const std::size_t width = static_cast<std::size_t>(classes);
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const std::span<const float> row = logits.subspan(r * width, width);
    if (row[static_cast<std::size_t>(labels[r])] < *std::max_element(row.begin(), row.end())) return false;
  }
  return true;
}

double fit_temperature(std::span<const float> logits, std::span<const int> labels, int classes) {
  if (classified_without_error(logits, labels, classes)) return 1;
  double low = 1 / kGreatestTemperature, high = 1 / kLeastTemperature;
  const double slope_low = evaluate(logits, labels, classes, low).slope;
  const double slope_high = evaluate(logits, labels, classes, high).slope;
  // A flat loss (equal logits) says nothing about the temperature.
  if (slope_low == 0 && slope_high == 0) return 1;
  if (slope_low >= 0) return kGreatestTemperature;
  if (slope_high <= 0) return kLeastTemperature;
  for (int i = 0; i < 44; ++i) {  // log(400) / 2^44: beyond any use
    const double middle = std::sqrt(low * high);
    (evaluate(logits, labels, classes, middle).slope < 0 ? low : high) = middle;
  }
  return 1 / std::sqrt(low * high);
}

}  // namespace dermdistill
