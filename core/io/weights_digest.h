// What the hash of a network's weights covers, so that every program that hashes them gets the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

/// Appends a tensor: its name, its shape as "[32, 3, 3, 3]", its values as little-endian float32; no separators.
/// @throws ShapeError when the shape holds another number of values.
void append_digest_input(std::string_view name, std::span<const std::int64_t> shape, std::span<const float> values,
                         std::vector<std::byte>& bytes);

/// "[32, 3, 3, 3]".
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace dermdistill
