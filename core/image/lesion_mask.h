// A rough outline of the lesion, good enough to tell whether it leaves the picture.
#pragma once

#include <cstdint>
#include <vector>

#include "core/image/image.h"

namespace dermdistill {

struct LesionMask {
  int width = 0, height = 0;
  std::vector<std::uint8_t> inside;  // [height, width], 1 where the lesion is
  double share = 0;                  // of all pixels
  double border_share = 0;           // of the side that the lesion covers most, without a dermatoscope's black surround
};

/// Otsu's threshold (1979) on luminance parts dark from light skin; the largest dark part is the lesion. Empty (share
/// 0) when the two hardly differ. Meant for pictures of 100 to 200 pixels a side.
LesionMask find_lesion(const Image& image);

}  // namespace dermdistill
