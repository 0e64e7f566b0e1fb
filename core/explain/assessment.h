// What a card lets one say of an image's calibrated probabilities.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/io/model_card.h"
#include "core/metrics/reliability.h"

namespace dermdistill {

/// Below this many validation images a reliability bin says nothing.
inline constexpr std::int64_t kLeastBinImages = 10;

struct PointAssessment {
  OperatingPoint point;
  bool reached = false;
};

struct TargetAssessment {
  std::string target;
  double probability = 0;
  std::vector<PointAssessment> points;  // lowest threshold (most sensitive) first
};

struct Assessment {
  std::size_t top = 0;
  double confidence = 0;
  /// How often the model was right on validation images when it was this sure.
  std::optional<ReliabilityBin> right_when_this_sure;
  std::vector<TargetAssessment> targets;  // melanoma first, then in the card's order
};

/// Of one image; probabilities [classes], calibrated. @throws ShapeError for another number, NumericError for one that
/// is not finite.
Assessment assess(const ModelCard& card, std::span<const float> probabilities);

}  // namespace dermdistill
