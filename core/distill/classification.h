// Losses of class scores. Every function returns the loss (not weighted) and adds weight * its gradient.
#pragma once

#include <span>

namespace dermdistill {

/// Class-weighted cross entropy over the chosen rows, as torch.nn.functional.cross_entropy(weight=...):
/// sum of w[y] * -log p[y] over the rows / sum of w[y]; with label smoothing e, torch's mixture
/// (1 - e) * that + e / classes * sum over rows and classes of w[c] * -log p[c] / sum of w[y].
/// logits and d_logits [all rows, classes]; labels [rows.size()], in the order of `rows`; class_weights [classes].
/// @throws ShapeError for spans that do not fit, InputError for a label outside the classes.
double weighted_cross_entropy(std::span<const float> logits, std::span<const int> labels, std::span<const int> rows,
                              std::span<const float> class_weights, float weight, std::span<float> d_logits,
                              float label_smoothing = 0);

/// The same over all rows: labels [rows].
double weighted_cross_entropy(std::span<const float> logits, std::span<const int> labels,
                              std::span<const float> class_weights, float weight, std::span<float> d_logits,
                              float label_smoothing = 0);

/// Hinton's knowledge distillation over the chosen rows: mean over rows of KL(softmax(teacher / T) || softmax(student /
/// T)), times T squared. student, teacher and d_student [all rows, classes]. No rows: 0.
double knowledge_distillation(std::span<const float> student, std::span<const float> teacher, int classes,
                              std::span<const int> rows, float temperature, float weight, std::span<float> d_student);

}  // namespace dermdistill
