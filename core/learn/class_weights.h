// Weights against class imbalance.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermdistill {

/// (total / count)^power for each class; power 1 is the paper's, 0 gives ones.
/// @throws InputError for an empty class, named by its index, or a power that is negative or not finite.
std::vector<float> class_weights(std::span<const std::int64_t> counts, double power = 1.0);

}  // namespace dermdistill
