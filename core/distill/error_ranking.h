// The paper's error-level ranking: distrust the teacher where it is wrong.
#pragma once

#include <span>
#include <vector>

namespace dermdistill {

/// Place of the target among a row's scores, 0 for the highest; of equal scores the lower index counts as higher.
/// scores [targets.size(), classes] -> ranks [targets.size()]. @throws ShapeError.
void target_ranks(std::span<const float> scores, int classes, std::span<const int> targets, std::span<int> ranks);
void target_ranks(std::span<const double> scores, int classes, std::span<const int> targets, std::span<int> ranks);

/// Indices of the rows to keep, ascending: all of rank 0 and, of the others, the floor(count * keep_ratio) that are
/// ranked best (the earlier row of equal ranks). Writes into `kept` (ranks.size() long) and returns how many.
/// @throws InputError unless 0 <= keep_ratio <= 1.
int keep_best_ranked(std::span<const int> ranks, double keep_ratio, std::span<int> kept);

/// Both in one, for scores [targets.size(), classes].
std::vector<int> rank_by_teacher_error(std::span<const float> teacher_scores, int classes, std::span<const int> targets,
                                       double keep_ratio);

}  // namespace dermdistill
