// What a yes-or-no metric asks for: one class, or any of the malignant ones.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/metrics/predictions.h"

namespace dermdistill {

inline constexpr std::string_view kMelanomaClass = "MEL";
inline constexpr std::string_view kMalignantTarget = "malignant";

/// The classes counted as malignant: MEL, BCC, AK, SCC (actinic keratosis among them, as it is treated).
std::span<const std::string_view> malignant_classes();

/// For every class whether it belongs to the target; none when the target is unknown to these classes.
/// "malignant" means the classes above, unless a class itself has that name.
std::vector<bool> target_members(std::span<const std::string> classes, std::string_view target);

/// The same, at least one of them true. @throws InputError naming the known classes when the target is unknown.
std::vector<bool> known_target_members(std::span<const std::string> classes, std::string_view target);

/// The score of a target: a class's probability, or the sum over the malignant classes. @throws InputError when
/// unknown.
std::vector<float> target_scores(const Predictions& predictions, std::string_view target);
/// Whether every image belongs to the target, 0 or 1. @throws InputError when unknown.
std::vector<std::uint8_t> target_truth(const Predictions& predictions, std::string_view target);

}  // namespace dermdistill
