// By how much the logits of two models differ on the same images.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

namespace dermdistill {

struct LogitComparison {
  std::int64_t images = 0, changed = 0;  // of them those whose most probable class is another
  double largest = 0, sum = 0;           // of the differences of all logits
  std::int64_t values = 0;

  /// Rows of `classes` logits of the same images, `a` and `b` of the same length.
  void add(std::span<const float> a, std::span<const float> b, int classes);
};

/// "25 images: logits differ by at most 0.0041, by 0.0008 in the mean; 0 answers are another class".
std::string to_text(const LogitComparison& comparison);

/// {"images", "largest_logit_difference", "mean_logit_difference", "changed_answers": how many}.
nlohmann::json to_json(const LogitComparison& comparison);

}  // namespace dermdistill
