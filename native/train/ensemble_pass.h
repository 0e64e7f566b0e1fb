// Several teachers asked together: their errors differ, so that their mean answer is better than one's.
#pragma once

#include <span>
#include <vector>

#include "native/train/teacher.h"

namespace dermdistill {

/// The logits are the mean of the teachers', each averaged over orientations as TeacherPass does; as there, those of
/// log-probabilities would be the same to every loss. Embedding, projection and feature map are the first teacher's.
class EnsemblePass {
 public:
  /// One teacher or more, with the same classes; they must outlive it. @throws InputError as TeacherPass, or for none.
  EnsemblePass(std::span<Teacher> teachers, const Backend& backend, int max_rows, int size, int orientations = 1);

  /// As TeacherPass::forward.
  TeacherViews forward(std::span<const float> views, int images, int rows, bool with_projection);
  /// Of the first teacher's feature map.
  FeatureShape feature_shape() const { return passes_.front().feature_shape(); }

 private:
  std::vector<TeacherPass> passes_;
  std::vector<double> sums_;   // [rows, classes]
  std::vector<float> logits_;  // likewise
};

}  // namespace dermdistill
