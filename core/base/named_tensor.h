// A named float tensor, the currency between networks, optimisers and files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermdistill {

struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // row-major, product of shape
};

/// Tensors in a fixed order, with unique names.
using StateDict = std::vector<NamedTensor>;

}  // namespace dermdistill
