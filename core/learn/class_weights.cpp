#include "core/learn/class_weights.h"

#include <cmath>
#include <string>

#include "core/base/error.h"

namespace dermdistill {

std::vector<float> class_weights(std::span<const std::int64_t> counts, double power) {
  if (!(power >= 0) || !std::isfinite(power)) {
    throw InputError("power of the class weights", std::to_string(power), "a number of at least 0");
  }
  double total = 0;
  for (const std::int64_t count : counts) total += static_cast<double>(count);
  std::vector<float> weights;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] < 1) {
      throw InputError("class " + std::to_string(c), "has " + std::to_string(counts[c]) + " training images",
                       "at least 1");
    }
    weights.push_back(static_cast<float>(std::pow(total / static_cast<double>(counts[c]), power)));
  }
  return weights;
}

}  // namespace dermdistill
