// Random input of tests.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/random.h"

namespace dermdistill::testing {

inline std::vector<float> normal_values(Random& random, std::size_t count, double scale = 1) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(scale * random.normal());
  return values;
}

}  // namespace dermdistill::testing
