#include "native/train/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr const char* kAdvice = "a finite number; try a smaller --rate, --warmup-epochs 1 or --clip-norm 1";

double sum_of_squares(std::span<const float> values) {
  // Eight running sums: one would make the loop wait for every addition.
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[i + lane];
      sums[lane] += value * value;
    }
  }
  double total = 0;
  for (; i < values.size(); ++i) total += static_cast<double>(values[i]) * values[i];
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace

void check_loss(const LossTerms& terms, const std::string& where) {
  for (const auto& [name, value] : terms.terms) {
    if (!std::isfinite(value)) throw NumericError("loss term \"" + name + "\" " + where, "is not finite", kAdvice);
  }
  if (!std::isfinite(terms.total)) throw NumericError("the loss " + where, "is not finite", kAdvice);
}

double checked_gradient_norm(std::span<const std::span<Parameter>> groups, const std::string& where) {
  double total = 0;
  for (const auto& group : groups) {
    for (const Parameter& parameter : group) {
      const double sum = sum_of_squares(parameter.gradient);
      if (!std::isfinite(sum)) {
        throw NumericError("gradient of \"" + parameter.name + "\" " + where, "is not finite", kAdvice);
      }
      total += sum;
    }
  }
  return std::sqrt(total);
}

void clip_gradients(std::span<const std::span<Parameter>> groups, double norm, double limit) {
  if (norm <= limit) return;
  const auto scale = static_cast<float>(limit / norm);
  for (const auto& group : groups) {
    for (const Parameter& parameter : group) {
      for (float& value : parameter.gradient) value *= scale;
    }
  }
}

}  // namespace dermdistill
