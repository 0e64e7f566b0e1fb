// Base64 (RFC 4648, with padding): binary data inside text fields.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

std::string to_base64(std::span<const std::byte> bytes);

/// @throws FormatError for a foreign character, a length that is no multiple of 4 or wrong padding; `name` is only used
/// in messages.
std::vector<std::byte> from_base64(std::string_view text, std::string_view name);

}  // namespace dermdistill
