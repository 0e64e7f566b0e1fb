#include "core/image/view_orientation.h"

#include <algorithm>
#include <cstddef>

#include "core/image/preprocess.h"

namespace dermdistill {

void turn_view(std::span<const float> in, int size, ViewOrientation orientation, std::span<float> out) {
  if (!orientation.mirrored) return rotate_view(in, size, orientation.quarter_turns, out);
  // Turning what was mirrored is mirroring what was turned the other way, and that needs no second buffer.
  rotate_view(in, size, -orientation.quarter_turns, out);
  const auto row = static_cast<std::size_t>(size) * 3;
  for (std::size_t start = 0; start < out.size(); start += row) {
    for (std::size_t left = start, right = start + row - 3; left < right; left += 3, right -= 3)
      std::swap_ranges(&out[left], &out[left] + 3, &out[right]);
  }
}

}  // namespace dermdistill
