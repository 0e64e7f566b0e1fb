// The orientation that a camera notes in a picture's EXIF block, and undoing it.
#pragma once

#include <cstddef>
#include <span>

#include "core/image/image.h"

namespace dermdistill {

/// The EXIF orientation of a JPEG (APP1 segment) or PNG (eXIf chunk) file: 1 to 8, and 1 when there is none or the
/// block is damaged. Never throws: a picture is not refused for its metadata.
int exif_orientation(std::span<const std::byte> file) noexcept;

/// The picture as it is meant to be seen. `exif_orientation` is 1 (upright) to 8 as in EXIF 2.3, tag 0x0112.
/// @throws InputError for any other number.
Image orient(const Image& image, int exif_orientation);

}  // namespace dermdistill
