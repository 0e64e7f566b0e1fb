// How the rows of a batch relate to images: row = image * 4 + quarter turn, turn 0 being the normal view.
#pragma once

#include <vector>

namespace dermdistill {

inline constexpr int kViewsPerImage = 4;

/// Rows of the normal views: 0, 4, 8, ... (`images` of them).
std::vector<int> normal_rows(int images);
/// Rows of the transformed views: 1, 2, 3, 5, 6, 7, ... (3 * `images` of them).
std::vector<int> transformed_rows(int images);
/// Rows of a batch that has no transformed views: 0, 1, 2, ...
std::vector<int> every_row(int rows);

}  // namespace dermdistill
