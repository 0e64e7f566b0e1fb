#include "core/head/linear_head.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"

namespace dermdistill {

void check_head(const LinearHead& head, std::string_view name) {
  const std::string thing = "classifier of " + std::string(name);
  if (head.classes < 1 || head.channels < 1)
    throw ShapeError(thing, std::to_string(head.classes) + " classes of " + std::to_string(head.channels) + " channels",
                     "at least one of each");
  const std::size_t weights = static_cast<std::size_t>(head.classes) * static_cast<std::size_t>(head.channels);
  if (head.weight.size() != weights || head.bias.size() != static_cast<std::size_t>(head.classes))
    throw ShapeError(
        thing,
        "it has " + std::to_string(head.weight.size()) + " weights and " + std::to_string(head.bias.size()) + " biases",
        std::to_string(weights) + " and " + std::to_string(head.classes));
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(head.weight.begin(), head.weight.end(), finite) ||
      !std::all_of(head.bias.begin(), head.bias.end(), finite))
    throw NumericError(thing, "a value is not finite", "finite numbers");
}

std::vector<float> head_logits(const LinearHead& head, std::span<const float> embeddings, const Backend& backend) {
  const auto channels = static_cast<std::size_t>(head.channels);
  if (channels == 0 || embeddings.size() % channels != 0)
    throw ShapeError("embeddings", std::to_string(embeddings.size()) + " values",
                     "rows of " + std::to_string(head.channels));
  const std::size_t rows = embeddings.size() / channels;
  std::vector<float> logits(rows * head.bias.size());
  for (std::size_t row = 0; row < rows; ++row)
    std::copy(head.bias.begin(), head.bias.end(), logits.begin() + static_cast<std::ptrdiff_t>(row * head.bias.size()));
  if (rows > 0)
    backend.gemm(false, true, static_cast<std::int64_t>(rows), head.classes, head.channels, embeddings, head.weight,
                 1.0F, logits);
  return logits;
}

}  // namespace dermdistill
