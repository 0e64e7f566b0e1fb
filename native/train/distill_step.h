// The gradients of one training step of a network: forward, the teacher's answers, the loss, backward. What training
// runs and what benchmarks time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/distill/distill_loss.h"
#include "core/nn/heads.h"
#include "core/nn/network.h"
#include "core/nn/pass_observer.h"
#include "native/train/teacher_source.h"

namespace dermdistill {

/// The parts of a step; Network is a pass through the student as a whole, where it does not tell its own parts.
enum class StepPart { Network, Teacher, ProjectionHead, Regressor, Loss, Optimiser };

/// Sees where a step is; see PassObserver.
class StepObserver : public PassObserver {
 public:
  using PassObserver::enter;
  virtual void enter(StepPart part, bool backward) = 0;
};

struct DistillStepConfig {
  LossConfig loss;
  std::vector<float> class_weights;
  int images = 0, views = 1, size = 0;  // of a batch
  std::uint64_t seed = 0;               // of the first weights of head and regressor
};

class DistillStep {
 public:
  /// The network must outlive it. `teacher` may be null for a loss that needs none. @throws InputError when the
  /// teacher's feature map has another height or width than the network's.
  DistillStep(Network& network, std::unique_ptr<TeacherSource> teacher, const DistillStepConfig& config,
              const Backend& backend);

  /// The loss, and the gradients in parameters(). The batch has the configured shape; `mixed` holds the labels of its
  /// images' partners where they were mixed.
  const LossTerms& compute_gradients(const Batch& batch, const MixedLabels& mixed = {});
  /// Of the network, then of the head and the regressor where the loss has them.
  std::vector<std::span<Parameter>> parameters();

  const std::optional<ProjectionHead>& head() const { return head_; }
  const std::optional<Regressor>& regressor() const { return regressor_; }
  /// Takes what head and regressor find of theirs.
  void load_modules(const StateDict& state);

  /// Null: nobody looks on.
  void observe(StepObserver* observer);
  std::size_t arena_bytes() const { return pass_.arena_bytes(); }

  /// What the loss saw and gave in the last step.
  const StudentViews& student_views() const { return student_; }
  const TeacherViews& teacher_views() const { return taught_; }

 private:
  void backward();
  void enter(StepPart part, bool backward) const {
    if (observer_ != nullptr) observer_->enter(part, backward);
  }

  int images_, views_;
  Network& network_;
  std::unique_ptr<TeacherSource> teacher_;
  TrainingPass pass_;
  std::optional<ProjectionHead> head_;
  std::optional<Regressor> regressor_;
  DistillLoss loss_;
  StudentViews student_;
  TeacherViews taught_;
  StudentGradients gradients_;
  StepObserver* observer_ = nullptr;
};

}  // namespace dermdistill
