// Small pictures inside a page, as data: URIs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace dermdistill::html {

/// RFC 4648, with padding.
std::string base64(std::span<const std::byte> bytes);

/// A data: URI of a JPEG or PNG file: the file itself when it is below 64 KB and holds nothing but pixels, else a JPEG
/// of 160 pixels, so that neither megabytes nor a camera's notes (place, owner) get into a report that is passed on.
/// Empty when the picture cannot be decoded. `name` is only for messages.
std::string thumbnail_uri(std::span<const std::byte> file, std::string_view name);

}  // namespace dermdistill::html
