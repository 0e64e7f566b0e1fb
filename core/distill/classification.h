// Losses of class scores. Every function returns the loss (not weighted) and adds weight * its gradient.
#pragma once

#include <span>

namespace dermdistill {

/// What the target of a row is besides its label. The spans must outlive the call.
struct TargetOptions {
  float label_smoothing = 0;
  /// Spread the smoothed share evenly instead of by class weight, which lifts rare classes in every row's target.
  bool unweighted_smoothing = false;
  /// Of images mixed in pairs, a second label for each row: the first counts `share`, the second the rest. Empty: none.
  std::span<const int> other_labels = {};
  double share = 1;
};

/// Class-weighted cross entropy over the chosen rows, as torch.nn.functional.cross_entropy(weight=...):
/// sum of w[y] * -log p[y] over the rows / sum of w[y]; with label smoothing e, torch's mixture
/// (1 - e) * that + e / classes * sum over rows and classes of w[c] * -log p[c] / sum of w[y],
/// or, with unweighted smoothing, with w[y] of the row in place of w[c].
/// With second labels, every row stands for two: one of its label that counts `share`, one of the other with the rest.
/// logits and d_logits [all rows, classes]; labels [rows.size()], in the order of `rows`; class_weights [classes].
/// @throws ShapeError for spans that do not fit, InputError for a label outside the classes.
double weighted_cross_entropy(std::span<const float> logits, std::span<const int> labels, std::span<const int> rows,
                              std::span<const float> class_weights, float weight, std::span<float> d_logits,
                              const TargetOptions& options = {});

/// The same over all rows: labels [rows].
double weighted_cross_entropy(std::span<const float> logits, std::span<const int> labels,
                              std::span<const float> class_weights, float weight, std::span<float> d_logits,
                              const TargetOptions& options = {});

/// Hinton's knowledge distillation over the chosen rows: mean over rows of KL(softmax(teacher / T) || softmax(student /
/// T)), times T squared. student, teacher and d_student [all rows, classes]. No rows: 0.
double knowledge_distillation(std::span<const float> student, std::span<const float> teacher, int classes,
                              std::span<const int> rows, float temperature, float weight, std::span<float> d_student);

}  // namespace dermdistill
