// Width and height as a file's header claims them.
#pragma once

#include <cstdint>

namespace dermdistill {

struct PictureSize {
  std::uint32_t width = 0, height = 0;
};

}  // namespace dermdistill
