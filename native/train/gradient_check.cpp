#include "native/train/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/base/error.h"
#include "core/base/parallel.h"

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

[[noreturn]] void throw_not_finite(const char* what, const std::string& name, const std::string& where) {
  std::string thing = what;
  thing.append(" \"").append(name).append("\" ").append(where);
  throw NumericError(thing, "is not finite", kAdvice);
}

/// A slice of a parameter: sums over slices of a fixed length are the same for any number of threads.
struct GradientSlice {
  const Parameter* parameter;
  std::span<float> values;
};

std::vector<GradientSlice> slices_of(std::span<const std::span<Parameter>> groups) {
  constexpr std::size_t kLength = 1 << 14;
  std::vector<GradientSlice> slices;
  for (const auto& group : groups) {
    for (const Parameter& parameter : group) {
      const std::size_t size = parameter.gradient.size();
      for (std::size_t first = 0; first < size; first += kLength) {
        slices.push_back({&parameter, parameter.gradient.subspan(first, std::min(kLength, size - first))});
      }
    }
  }
  return slices;
}

}  // namespace

void check_loss(const LossTerms& terms, const std::string& where) {
  for (const auto& [name, value] : terms.terms) {
    if (!std::isfinite(value)) throw_not_finite("loss term", name, where);
  }
  if (!std::isfinite(terms.total)) throw NumericError("the loss " + where, "is not finite", kAdvice);
}

double checked_gradient_norm(std::span<const std::span<Parameter>> groups, const std::string& where) {
  const std::vector<GradientSlice> slices = slices_of(groups);
  std::vector<double> sums(slices.size());
  parallel_for(static_cast<std::int64_t>(slices.size()), [&](std::int64_t index) {
    const auto slice = static_cast<std::size_t>(index);
    sums[slice] = sum_of_squares(slices[slice].values);
  });
  double total = 0;
  for (std::size_t slice = 0; slice < slices.size(); ++slice) {
    if (!std::isfinite(sums[slice])) throw_not_finite("gradient of", slices[slice].parameter->name, where);
    total += sums[slice];
  }
  return std::sqrt(total);
}

void clip_gradients(std::span<const std::span<Parameter>> groups, double norm, double limit) {
  if (norm <= limit) return;
  const auto scale = static_cast<float>(limit / norm);
  const std::vector<GradientSlice> slices = slices_of(groups);
  parallel_for(static_cast<std::int64_t>(slices.size()), [&](std::int64_t index) {
    for (float& value : slices[static_cast<std::size_t>(index)].values) value *= scale;
  });
}

}  // namespace dermdistill
