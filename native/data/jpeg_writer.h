// Pictures as JPEG files.
#pragma once

#include <cstddef>
#include <vector>

#include "core/image/image.h"

namespace dermdistill {

/// A baseline JPEG file; `quality` 1 to 100. The same bytes for the same picture. @throws InputError for an empty
/// picture.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);

}  // namespace dermdistill
