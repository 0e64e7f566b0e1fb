#include "native/train/distill_step.h"

#include <string>
#include <utility>

#include "core/base/error.h"

namespace dermdistill {
namespace {

/// Streams of the run's seed, one for each module that starts from random numbers.
enum SeedStream : std::uint64_t { kProjectionHeadStream = 11, kRegressorStream = 12 };

void add(std::span<const float> from, std::vector<float>& to) {
  if (to.empty()) {
    to.assign(from.begin(), from.end());
    return;
  }
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

}  // namespace

DistillStep::DistillStep(Network& network, std::unique_ptr<TeacherSource> teacher, const DistillStepConfig& config,
                         const Backend& backend)
    : images_(config.images),
      views_(config.views),
      network_(network),
      teacher_(std::move(teacher)),
      pass_(network_, backend, images_ * views_, config.size, config.size),
      loss_(config.loss, config.class_weights) {
  if (needs_teacher(config.loss) && !teacher_) throw InputError("the loss", "needs a teacher", "one to learn from");
  if (needs_projection(config.loss)) {
    Random random(config.seed, kProjectionHeadStream);
    head_.emplace(network_.embedding_size(), "head", backend);
    head_->initialise(random);
  }
  if (needs_regressor(config.loss)) {
    const FeatureShape its = teacher_->feature_shape();
    const FeatureShape ours = feature_shape(network_.units(), config.size, config.size);
    if (its.height != ours.height || its.width != ours.width) {
      throw InputError("the teacher's feature map",
                       "is " + std::to_string(its.height) + "x" + std::to_string(its.width),
                       std::to_string(ours.height) + "x" + std::to_string(ours.width) + " as the student's");
    }
    Random random(config.seed, kRegressorStream);
    regressor_.emplace(network_.embedding_size(), its.channels, "regressor", backend);
    regressor_->initialise(random);
  }
}

std::vector<std::span<Parameter>> DistillStep::parameters() {
  std::vector<std::span<Parameter>> groups = {network_.parameters()};
  if (head_) groups.push_back(head_->parameters());
  if (regressor_) groups.push_back(regressor_->parameters());
  return groups;
}

void DistillStep::load_modules(const StateDict& state) {
  if (head_) head_->load(state);
  if (regressor_) regressor_->load(state);
}

void DistillStep::observe(StepObserver* observer) {
  observer_ = observer;
  pass_.observe(observer);
}

const LossTerms& DistillStep::compute_gradients(const Batch& batch, const MixedLabels& mixed) {
  enter(StepPart::Network, false);
  const NetworkOutputs outputs = pass_.forward(batch.images);
  student_ = {};
  student_.images = images_;
  student_.classes = network_.config().classes;
  student_.logits = outputs.logits;
  student_.embedding = outputs.embedding;
  const FeatureShape& map = outputs.feature_shape;
  if (head_) {
    enter(StepPart::ProjectionHead, false);
    student_.projection = head_->forward(outputs.embedding);
  }
  taught_ = {};
  if (teacher_) {
    enter(StepPart::Teacher, false);
    taught_ = teacher_->views(batch);
  }
  if (regressor_) {
    enter(StepPart::Regressor, false);
    student_.regressed = regressor_->forward(outputs.features, outputs.batch, map.height, map.width);
    student_.height = map.height;
    student_.width = map.width;
    student_.channels = taught_.channels;
  }
  enter(StepPart::Loss, false);
  const LossTerms& terms = loss_.evaluate(student_, taught_, batch.labels, gradients_, mixed);
  backward();
  return terms;
}

void DistillStep::backward() {
  OutputGradients out;
  if (head_) {
    enter(StepPart::ProjectionHead, true);
    add(head_->backward(gradients_.projection), gradients_.embedding);
  }
  if (regressor_) {
    enter(StepPart::Regressor, true);
    out.features = regressor_->backward_in_place(gradients_.regressed);
  }
  out.logits = gradients_.logits;
  out.embedding = gradients_.embedding;
  enter(StepPart::Network, true);
  pass_.backward(out);
}

}  // namespace dermdistill
