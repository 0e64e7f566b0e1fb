// Lists of names for messages.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dermdistill {

/// "a b c".
std::string joined(const std::vector<std::string>& names);

/// "a, b, c and 4 more": the first `shown` of them.
std::string some_of(const std::vector<std::string>& names, std::size_t shown);

}  // namespace dermdistill
