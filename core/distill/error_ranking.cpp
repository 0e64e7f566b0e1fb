#include "core/distill/error_ranking.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

template <typename Score>
void ranks_of(std::span<const Score> scores, int classes, std::span<const int> targets, std::span<int> ranks) {
  const std::size_t width = static_cast<std::size_t>(classes);
  if (scores.size() != targets.size() * width || ranks.size() != targets.size()) {
    throw ShapeError("scores to rank", std::to_string(scores.size()) + " values",
                     std::to_string(targets.size()) + " rows of " + std::to_string(classes));
  }
  for (std::size_t r = 0; r < targets.size(); ++r) {
    if (targets[r] < 0 || targets[r] >= classes) {
      throw InputError("label " + std::to_string(targets[r]), "is not a class", "0 to " + std::to_string(classes - 1));
    }
    const std::span<const Score> row = scores.subspan(r * width, width);
    const std::size_t target = static_cast<std::size_t>(targets[r]);
    int rank = 0;
    for (std::size_t c = 0; c < width; ++c) {
      if (row[c] > row[target] || (row[c] == row[target] && c < target)) ++rank;
    }
    ranks[r] = rank;
  }
}

}  // namespace

void target_ranks(std::span<const float> scores, int classes, std::span<const int> targets, std::span<int> ranks) {
  ranks_of(scores, classes, targets, ranks);
}

void target_ranks(std::span<const double> scores, int classes, std::span<const int> targets, std::span<int> ranks) {
  ranks_of(scores, classes, targets, ranks);
}

int keep_best_ranked(std::span<const int> ranks, double keep_ratio, std::span<int> kept) {
  if (!(keep_ratio >= 0 && keep_ratio <= 1)) {
    throw InputError("share of wrongly ranked rows to keep", std::to_string(keep_ratio), "0 to 1");
  }
  if (kept.size() < ranks.size()) throw ShapeError("rows to keep", "too little room", std::to_string(ranks.size()));
  const auto wrong = std::count_if(ranks.begin(), ranks.end(), [](int rank) { return rank > 0; });
  const auto kept_wrong = static_cast<std::ptrdiff_t>(static_cast<double>(wrong) * keep_ratio);
  const int count = static_cast<int>(static_cast<std::ptrdiff_t>(ranks.size()) - wrong + kept_wrong);
  for (std::size_t r = 0; r < ranks.size(); ++r) kept[r] = static_cast<int>(r);
  // Rank, then row, is a strict order: the same as a stable sort by rank, which would allocate.
  std::sort(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(ranks.size()), [&](int a, int b) {
    const int rank_a = ranks[static_cast<std::size_t>(a)], rank_b = ranks[static_cast<std::size_t>(b)];
    return rank_a != rank_b ? rank_a < rank_b : a < b;
  });
  std::sort(kept.begin(), kept.begin() + count);
  return count;
}

std::vector<int> rank_by_teacher_error(std::span<const float> teacher_scores, int classes, std::span<const int> targets,
                                       double keep_ratio) {
  std::vector<int> ranks(targets.size()), kept(targets.size());
  target_ranks(teacher_scores, classes, targets, ranks);
  kept.resize(static_cast<std::size_t>(keep_best_ranked(ranks, keep_ratio, kept)));
  return kept;
}

}  // namespace dermdistill
