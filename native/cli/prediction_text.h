// How predictions are printed: a table for people, JSON for programs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/io/model_card.h"
#include "core/learn/out_of_distribution.h"

namespace dermdistill {

inline constexpr char kDisclaimer[] =
    "Research and education software, not a medical device: these numbers are no diagnosis. "
    "Whatever they are, show a lesion that is new, changing or worries you to a doctor.";

inline constexpr char kNotCalibrated[] =
    "The model's card holds no operating points: its probabilities may be too sure or too unsure. dermdistill export "
    "fits them on validation images.";

/// {"image": ..., "probabilities": {"MEL": ..., ...}, "top": "..."} on one line; probabilities in the card's order.
/// With a verdict also "out_of_distribution": {"score", "threshold", "unlike"}.
std::string prediction_json(const ModelCard& card, std::string_view image, std::span<const float> probabilities,
                            const std::optional<StrangerVerdict>& verdict = std::nullopt);

/// {"image": ..., "error": ...} on one line.
std::string error_json(std::string_view image, std::string_view error);

/// The image's name, a line with a bar a class from the most to the least likely, and which operating points are
/// reached; before these a warning where the verdict says that the model does not know such images.
std::string prediction_table(const ModelCard& card, std::string_view image, std::span<const float> probabilities,
                             const std::optional<StrangerVerdict>& verdict = std::nullopt);

}  // namespace dermdistill
