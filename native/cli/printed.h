// printf into a string.
#pragma once

#include <cstdio>
#include <string>

namespace dermdistill {

template <typename... Arguments>
std::string printed(const char* format, Arguments... arguments) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, format, arguments...)), '\0');
  std::snprintf(text.data(), text.size() + 1, format, arguments...);
  return text;
}

}  // namespace dermdistill
