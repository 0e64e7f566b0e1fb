// Values of which many are zero, as halves: a bit each says which are not, and only those are stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dermdistill {

/// Appends the values, rounded to half precision: ceil(count / 64) words of bits, the lowest first, then the halves
/// that are not zero. A map behind ReLU takes a quarter to a half of what all its halves would.
void append_sparse_halves(std::span<const float> values, std::vector<std::byte>& bytes);

/// The inverse for out.size() values at the front of `bytes`. `scratch` is reused. False when they hold fewer.
bool read_sparse_halves(std::span<const std::byte> bytes, std::span<float> out, std::vector<float>& scratch);

}  // namespace dermdistill
