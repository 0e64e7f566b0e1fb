// Which of a user's images are held out of a head's training.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermdistill {

struct HeadSplit {
  std::vector<int> train;     // rows, ascending; all rows of an image that is trained on
  std::vector<int> held_out;  // rows, ascending; the first row of every image that is held out
  std::vector<int> first;     // rows, ascending; the first row of every image
};

/// Stratified: of every class the share of its images, rounded, but at least one of two and never all.
/// @throws InputError when rows of one image have different labels.
HeadSplit split_images(std::span<const int> labels, std::span<const int> images, int classes, double share,
                       std::uint64_t seed);

}  // namespace dermdistill
