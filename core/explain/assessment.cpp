#include "core/explain/assessment.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/metrics/target.h"

namespace dermdistill {
namespace {

/// The card's own bin of that confidence; a card of an older version has none.
std::optional<ReliabilityBin> bin_of(const ModelCard& card, double confidence) {
  const auto validation = card.metrics.find("validation");
  if (validation == card.metrics.end() || !validation->is_object()) return std::nullopt;
  const auto bins = validation->find("reliability");
  if (bins == validation->end() || !bins->is_array()) return std::nullopt;
  for (const nlohmann::json& entry : *bins) {
    if (!entry.is_object()) continue;
    const auto number = [&entry](const char* field) {
      const auto found = entry.find(field);
      return found != entry.end() && found->is_number() ? found->get<double>() : 0.0;
    };
    ReliabilityBin bin;
    bin.low = number("low");
    bin.high = number("high");
    if (confidence <= bin.low && bin.low > 0) continue;
    if (confidence > bin.high) continue;
    bin.count = static_cast<std::int64_t>(number("count"));
    bin.mean_confidence = number("mean_confidence");
    bin.accuracy = number("accuracy");
    if (bin.count < kLeastBinImages) return std::nullopt;
    return bin;
  }
  return std::nullopt;
}

}  // namespace

Assessment assess(const ModelCard& card, std::span<const float> probabilities) {
  if (probabilities.size() != card.classes.size() || probabilities.empty())
    throw ShapeError("probabilities", std::to_string(probabilities.size()) + " values",
                     std::to_string(card.classes.size()) + ", one a class");
  for (const float value : probabilities)
    if (!std::isfinite(value)) throw NumericError("probabilities", "a value is not finite", "numbers from 0 to 1");

  Assessment result;
  result.top =
      static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
  result.confidence = probabilities[result.top];
  result.right_when_this_sure = bin_of(card, std::min(result.confidence, 1.0));
  for (const OperatingPoint& point : card.operating_points) {
    auto place = std::find_if(result.targets.begin(), result.targets.end(),
                              [&](const TargetAssessment& other) { return other.target == point.target; });
    if (place == result.targets.end()) {
      const std::vector<bool> members = target_members(card.classes, point.target);
      if (std::find(members.begin(), members.end(), true) == members.end()) continue;
      double sum = 0;
      for (std::size_t c = 0; c < members.size(); ++c) sum += members[c] ? static_cast<double>(probabilities[c]) : 0.0;
      result.targets.push_back({point.target, static_cast<double>(static_cast<float>(sum)), {}});
      place = result.targets.end() - 1;
    }
    place->points.push_back({point, place->probability >= point.threshold});
  }
  for (TargetAssessment& target : result.targets)
    std::stable_sort(
        target.points.begin(), target.points.end(),
        [](const PointAssessment& a, const PointAssessment& b) { return a.point.threshold < b.point.threshold; });
  std::stable_partition(result.targets.begin(), result.targets.end(),
                        [](const TargetAssessment& target) { return target.target == kMelanomaClass; });
  return result;
}

}  // namespace dermdistill
