// Self-supervision by rotation: cosine similarities between rotated and normal views, projected embeddings [4B, dim].
#pragma once

#include <span>
#include <vector>

#include "core/distill/row_gram.h"

namespace dermdistill {

/// Cosine similarity of each transformed view to each normal one: [3B, B], and the way back of its gradient.
/// As in PyTorch, a norm below 1e-8 counts as 1e-8; such a row gets no gradient.
class SimilarityMatrix {
 public:
  /// projection [4 * images, any dimension]. Allocates for a new shape only. @throws ShapeError.
  void compute(std::span<const float> projection, int images);
  /// d_projection [4B, dim] += scale * derivative, from d_similarity [3B, B].
  void backward(std::span<const double> d_similarity, double scale, std::span<float> d_projection);

  int images() const { return images_; }
  int rows() const { return 3 * images_; }
  std::span<const double> values() const { return values_; }  // [3B, B]

 private:
  int images_ = 0;
  RowGram gram_;
  std::vector<double> values_, inverse_norms_, d_gram_;
};

/// Buffers that the losses below reuse; they allocate for a new shape only.
struct SelfSupervisionWorkspace {
  SimilarityMatrix student, teacher;
  std::vector<double> d_similarity, student_log_probability, teacher_log_probability;
  std::vector<int> targets, ranks, kept;
};

/// KL between the teacher's and the student's softened similarity matrices (softmax over the B normal views of
/// similarity / T), mean over the kept rows, times T squared. Rows whose own image the teacher does not rank first are
/// kept to a share `keep_ratio`, best ranked first. The two dimensions may differ. Adds weight * gradient.
double similarity_loss(std::span<const float> student_projection, std::span<const float> teacher_projection, int images,
                       float temperature, double keep_ratio, float weight, std::span<float> d_student_projection,
                       SelfSupervisionWorkspace& workspace);

/// Stage 2: each transformed view must find its own image among the batch's normal views; cross entropy of the
/// similarities (temperature 1, as in the paper's code), mean over the 3B rows. Adds weight * gradient.
double contrastive_cross_entropy(std::span<const float> projection, int images, float weight,
                                 std::span<float> d_projection, SelfSupervisionWorkspace& workspace);

/// Share of transformed views whose most similar normal view is their own image's, in [0, 1].
double contrastive_accuracy(std::span<const float> projection, int images, SelfSupervisionWorkspace& workspace);

}  // namespace dermdistill
