#include "core/head/head_split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"

namespace dermdistill {

HeadSplit split_images(std::span<const int> labels, std::span<const int> images, int classes, double share,
                       std::uint64_t seed) {
  HeadSplit split;
  std::map<int, int> first_row;
  std::vector<std::vector<int>> by_class(static_cast<std::size_t>(classes));
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto [place, is_new] = first_row.emplace(images[row], static_cast<int>(row));
    if (is_new) {
      by_class[static_cast<std::size_t>(labels[row])].push_back(images[row]);
      split.first.push_back(static_cast<int>(row));
    } else if (labels[static_cast<std::size_t>(place->second)] != labels[row]) {
      throw InputError("image " + std::to_string(images[row]), "its rows have different labels", "one label an image");
    }
  }
  std::set<int> held_out;
  for (std::size_t label = 0; label < by_class.size(); ++label) {
    std::vector<int>& members = by_class[label];
    if (members.size() < 2 || share <= 0) continue;
    const double wanted = std::floor(share * static_cast<double>(members.size()) + 0.5);
    const auto count = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, members.size() - 1);
    Random random(seed, mix_seed(1, label));
    random.shuffle(std::span<int>(members));
    held_out.insert(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(count));
  }
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (held_out.count(images[row]) == 0) split.train.push_back(static_cast<int>(row));
  }
  for (const int row : split.first) {
    if (held_out.count(images[static_cast<std::size_t>(row)]) != 0) split.held_out.push_back(row);
  }
  return split;
}

}  // namespace dermdistill
