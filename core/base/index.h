// Signed numbers, as shapes are counted in, as indices of the standard library's containers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dermdistill {

inline std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

}  // namespace dermdistill
