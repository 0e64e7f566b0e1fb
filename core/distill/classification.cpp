#include "core/distill/classification.h"

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/distill/softmax.h"
#include "core/distill/views.h"

namespace dermdistill {
namespace {

/// Rows of a [rows, classes] matrix, after checking the gradient's size and every index.
void check_rows(std::span<const float> scores, std::span<const float> gradient, int classes,
                std::span<const int> rows) {
  if (classes < 1 || scores.size() % static_cast<std::size_t>(classes) != 0) {
    throw ShapeError("logits", std::to_string(scores.size()) + " values",
                     "a multiple of " + std::to_string(classes) + " classes");
  }
  if (gradient.size() != scores.size()) {
    throw ShapeError("gradient of logits", std::to_string(gradient.size()) + " values", std::to_string(scores.size()));
  }
  const int count = static_cast<int>(scores.size()) / classes;
  for (const int row : rows) {
    if (row < 0 || row >= count) {
      throw ShapeError("row " + std::to_string(row), "is outside the logits", "0 to " + std::to_string(count - 1));
    }
  }
}

double weight_of(int label, std::span<const float> class_weights) {
  if (label < 0 || static_cast<std::size_t>(label) >= class_weights.size()) {
    throw InputError("label " + std::to_string(label), "is not a class",
                     "0 to " + std::to_string(class_weights.size() - 1));
  }
  return static_cast<double>(class_weights[static_cast<std::size_t>(label)]);
}

/// A row's label and, where images are mixed, its partner's.
struct RowLabels {
  std::size_t own, other;
  double share;  // of the own one

  double target(std::size_t c) const { return (c == own ? share : 0) + (c == other ? 1 - share : 0); }
};

}  // namespace

double weighted_cross_entropy(std::span<const float> logits, std::span<const int> labels, std::span<const int> rows,
                              std::span<const float> class_weights, float weight, std::span<float> d_logits,
                              const TargetOptions& options) {
  const std::size_t classes = class_weights.size();
  check_rows(logits, d_logits, static_cast<int>(classes), rows);
  if (labels.size() != rows.size()) {
    throw ShapeError("labels", std::to_string(labels.size()) + " values", std::to_string(rows.size()) + ", one a row");
  }
  const bool mixed = !options.other_labels.empty();
  if (mixed && options.other_labels.size() != rows.size()) {
    throw ShapeError("labels of the partners", std::to_string(options.other_labels.size()) + " values",
                     std::to_string(rows.size()) + ", one a row");
  }
  const std::span<const int> others = mixed ? options.other_labels : labels;
  const double share = mixed ? options.share : 1;
  if (!(share >= 0 && share <= 1)) throw InputError("share of a label", std::to_string(share), "0 to 1");
  double weight_sum = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    weight_sum += share * weight_of(labels[r], class_weights) + (1 - share) * weight_of(others[r], class_weights);
  }
  if (rows.empty()) return 0;
  if (!(weight_sum > 0)) throw InputError("class weights of the batch's labels", "sum to nothing", "positive weights");

  const double smoothing = static_cast<double>(options.label_smoothing);
  const double per_class = smoothing / static_cast<double>(classes);
  thread_local std::vector<double> log_probability, target;  // kept, so that a step allocates nothing
  log_probability.resize(classes);
  target.resize(classes);
  double loss = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::size_t base = static_cast<std::size_t>(rows[r]) * classes;
    const RowLabels row{static_cast<std::size_t>(labels[r]), static_cast<std::size_t>(others[r]), share};
    log_softmax(&logits[base], 1.0, log_probability);
    // The row's loss is sum over c of q[c] * -log p[c], with q the weighted, smoothed target.
    const double row_weight =
        share * weight_of(labels[r], class_weights) + (1 - share) * weight_of(others[r], class_weights);
    double q_sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const double w = static_cast<double>(class_weights[c]), label = (1 - smoothing) * row.target(c);
      const double q = options.unweighted_smoothing ? w * label + row_weight * per_class : w * (label + per_class);
      if (q != 0) loss -= q * log_probability[c];
      q_sum += q;
      target[c] = q;
    }
    const double scale = static_cast<double>(weight) / weight_sum;
    for (std::size_t c = 0; c < classes; ++c) {
      d_logits[base + c] += static_cast<float>(scale * (q_sum * std::exp(log_probability[c]) - target[c]));
    }
  }
  return loss / weight_sum;
}

double weighted_cross_entropy(std::span<const float> logits, std::span<const int> labels,
                              std::span<const float> class_weights, float weight, std::span<float> d_logits,
                              const TargetOptions& options) {
  return weighted_cross_entropy(logits, labels, every_row(static_cast<int>(labels.size())), class_weights, weight,
                                d_logits, options);
}

double knowledge_distillation(std::span<const float> student, std::span<const float> teacher, int classes,
                              std::span<const int> rows, float temperature, float weight, std::span<float> d_student) {
  check_rows(student, d_student, classes, rows);
  if (teacher.size() != student.size()) {
    throw ShapeError("teacher logits", std::to_string(teacher.size()) + " values", std::to_string(student.size()));
  }
  if (!(temperature > 0)) throw InputError("temperature of knowledge distillation", "is not positive", "above 0");
  if (rows.empty()) return 0;
  const std::size_t width = static_cast<std::size_t>(classes);
  const double t = static_cast<double>(temperature);
  const double count = static_cast<double>(rows.size());
  thread_local std::vector<double> log_student, log_teacher;
  log_student.resize(width);
  log_teacher.resize(width);
  double loss = 0;
  for (const int row : rows) {
    const std::size_t base = static_cast<std::size_t>(row) * width;
    log_softmax(&student[base], t, log_student);
    log_softmax(&teacher[base], t, log_teacher);
    for (std::size_t c = 0; c < width; ++c) {
      const double target = std::exp(log_teacher[c]);
      loss += target * (log_teacher[c] - log_student[c]);
      d_student[base + c] +=
          static_cast<float>(static_cast<double>(weight) * t / count * (std::exp(log_student[c]) - target));
    }
  }
  return loss * t * t / count;
}

}  // namespace dermdistill
