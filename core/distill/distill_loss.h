// The whole loss of a method: evaluates every term that is on and collects the student's gradients.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/distill/method.h"

namespace dermdistill {

/// What the student says of a batch. rows = 4 * images (row = image * 4 + quarter turn) when the method needs
/// transformed views, else images. Spans that the method does not need may be empty.
struct StudentViews {
  int images = 0;
  int classes = 0;
  std::span<const float> logits;      // [rows, classes]
  std::span<const float> embedding;   // [rows, student dimensions]
  std::span<const float> projection;  // [rows, any]
  std::span<const float> regressed;   // [rows, height, width, channels]: the student's map in the teacher's channels
  int height = 0, width = 0, channels = 0;
};

/// What the teacher says of the same rows.
struct TeacherViews {
  int images = 0;
  int classes = 0;
  std::span<const float> logits;      // [rows, classes]
  std::span<const float> embedding;   // [rows, teacher dimensions]
  std::span<const float> projection;  // [rows, any]
  std::span<const float> features;    // [rows, height, width, channels]
  int height = 0, width = 0, channels = 0;
};

/// d total / d each input, shaped like it; empty for an input that no term of the method uses.
struct StudentGradients {
  std::vector<float> logits, embedding, projection, regressed;
};

/// The second labels of a batch whose images were mixed in pairs: see TargetOptions.
struct MixedLabels {
  std::span<const int> others;  // [images]; empty: nothing was mixed
  double share = 1;             // of the first labels
};

/// Terms in a fixed order under the names of LossConfig's weights, not multiplied by them; `total` is the weighted sum.
struct LossTerms {
  std::vector<std::pair<std::string, double>> terms;
  double total = 0;
};

class DistillLoss {
 public:
  /// class_weights [classes], all positive; used by the cross entropy. @throws InputError.
  DistillLoss(const LossConfig& config, std::vector<float> class_weights);
  ~DistillLoss();
  DistillLoss(DistillLoss&&) noexcept;
  DistillLoss& operator=(DistillLoss&&) noexcept;

  const LossConfig& config() const;

  /// labels [images]; of images that were mixed, the partners' labels as well. Overwrites `gradients`. After the first
  /// call of a shape its own buffers are reused; what it returns is one of them, which the next call overwrites.
  /// @throws ShapeError naming the input that does not fit, InputError for a label outside the classes and for mixed
  /// images with a method that ranks the teacher by its errors.
  const LossTerms& evaluate(const StudentViews& student, const TeacherViews& teacher, std::span<const int> labels,
                            StudentGradients& gradients, const MixedLabels& mixed = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermdistill
