// What changes in a model's answers when the same images are shown in another quality.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/metrics/metrics.h"

namespace dermdistill {

struct PictureComparison {
  MetricReport own;    // of the data set's own pictures, without intervals
  double changed = 0;  // share of the images whose most probable class is another
};

/// A few lines, "balanced accuracy 0.577 -> 0.541 (-0.036)"; `other` are the figures of the pictures compared with.
std::string comparison_text(const PictureComparison& comparison, const MetricReport& other);

/// {"changed_answers", "metrics": of the data set's own pictures}.
nlohmann::json to_json(const PictureComparison& comparison);

}  // namespace dermdistill
