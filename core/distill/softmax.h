// Softmax in double, shared by the losses of scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace dermdistill {

/// log softmax(scores / temperature); scores are float or double, as long as `log_probability`.
template <typename Score>
void log_softmax(const Score* scores, double temperature, std::span<double> log_probability) {
  double greatest = static_cast<double>(scores[0]) / temperature;
  for (std::size_t c = 0; c < log_probability.size(); ++c) {
    log_probability[c] = static_cast<double>(scores[c]) / temperature;
    greatest = std::max(greatest, log_probability[c]);
  }
  double sum = 0;
  for (const double score : log_probability) sum += std::exp(score - greatest);
  const double log_sum = greatest + std::log(sum);
  for (double& score : log_probability) score -= log_sum;
}

}  // namespace dermdistill
