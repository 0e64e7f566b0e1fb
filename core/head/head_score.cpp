#include <algorithm>
#include <cmath>

#include "core/head/head_trainer.h"

namespace dermdistill {
namespace {

constexpr double kUnknownClassLoss = 16.118095650958319;  // -log(1e-7)

}  // namespace

HeadScore score_head(const LinearHead& head, std::span<const float> embeddings, std::span<const int> labels,
                     int classes, const Backend& backend) {
  const auto count = static_cast<std::size_t>(classes), known = static_cast<std::size_t>(head.classes);
  HeadScore score;
  score.images = static_cast<std::int64_t>(labels.size());
  score.counts.assign(count, 0);
  score.sensitivity.resize(count);
  score.confusion.assign(count, std::vector<std::int64_t>(count, 0));
  const std::vector<float> logits = head_logits(head, embeddings, backend);
  std::int64_t right = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const float* values = &logits[row * known];
    const auto top = static_cast<std::size_t>(std::max_element(values, values + known) - values);
    const auto label = static_cast<std::size_t>(labels[row]);
    ++score.counts[label];
    ++score.confusion[label][top];
    right += top == label;
    if (label >= known) {
      score.loss += kUnknownClassLoss;
      continue;
    }
    double sum = 0;
    for (std::size_t k = 0; k < known; ++k)
      sum += std::exp(static_cast<double>(values[k]) - static_cast<double>(values[top]));
    score.loss += std::log(sum) + static_cast<double>(values[top]) - static_cast<double>(values[label]);
  }
  if (labels.empty()) return score;
  const auto rows = static_cast<double>(labels.size());
  score.loss /= rows;
  score.accuracy = static_cast<double>(right) / rows;
  int present = 0;
  for (std::size_t k = 0; k < count; ++k) {
    if (score.counts[k] == 0) continue;
    score.sensitivity[k] = static_cast<double>(score.confusion[k][k]) / static_cast<double>(score.counts[k]);
    score.balanced_accuracy += *score.sensitivity[k];
    ++present;
  }
  score.balanced_accuracy /= present;
  return score;
}

}  // namespace dermdistill
