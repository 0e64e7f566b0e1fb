#include "native/cli/logit_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace dermdistill {

void LogitComparison::add(std::span<const float> a, std::span<const float> b, int classes) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    largest = std::max(largest, difference);
    sum += difference;
  }
  values += static_cast<std::int64_t>(a.size());
  const auto row = static_cast<std::size_t>(classes);
  const auto top = [row](std::span<const float> logits, std::size_t first) {
    const auto own = logits.subspan(first, row);
    return std::max_element(own.begin(), own.end()) - own.begin();
  };
  for (std::size_t first = 0; first < a.size(); first += row) {
    ++images;
    changed += top(a, first) != top(b, first);
  }
}

std::string to_text(const LogitComparison& comparison) {
  char text[160];
  std::snprintf(text, sizeof text,
                "%lld images: logits differ by at most %.4f, by %.4f in the mean; %lld answers are another class",
                static_cast<long long>(comparison.images), comparison.largest,
                comparison.values == 0 ? 0.0 : comparison.sum / static_cast<double>(comparison.values),
                static_cast<long long>(comparison.changed));
  return text;
}

nlohmann::json to_json(const LogitComparison& comparison) {
  return {
      {"images", comparison.images},
      {"largest_logit_difference", comparison.largest},
      {"mean_logit_difference", comparison.values == 0 ? 0.0 : comparison.sum / static_cast<double>(comparison.values)},
      {"changed_answers", comparison.changed}};
}

}  // namespace dermdistill
