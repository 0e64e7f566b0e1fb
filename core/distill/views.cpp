#include "core/distill/views.h"

#include <numeric>

namespace dermdistill {

std::vector<int> normal_rows(int images) {
  std::vector<int> rows;
  for (int image = 0; image < images; ++image) rows.push_back(image * kViewsPerImage);
  return rows;
}

std::vector<int> transformed_rows(int images) {
  std::vector<int> rows;
  for (int image = 0; image < images; ++image) {
    for (int turn = 1; turn < kViewsPerImage; ++turn) rows.push_back(image * kViewsPerImage + turn);
  }
  return rows;
}

std::vector<int> every_row(int rows) {
  std::vector<int> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace dermdistill
