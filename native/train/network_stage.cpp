#include "native/train/network_stage.h"

#include <utility>

#include "core/base/error.h"
#include "core/distill/views.h"
#include "native/train/checkpoint.h"

namespace dermdistill {
namespace {

/// Streams of the run's seed, one for each module that starts from random numbers.
enum SeedStream : std::uint64_t { kHeadStream = 11, kRegressorStream = 12 };

void add(std::span<const float> from, std::vector<float>& to) {
  if (to.empty()) {
    to.assign(from.begin(), from.end());
    return;
  }
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

}  // namespace

LossConfig stage_loss(const RunConfig& config) {
  LossConfig loss;
  if (config.kind == "teacher") {
    loss.ce = 1;
  } else {
    loss = config.distill.loss;
  }
  loss.label_smoothing = static_cast<float>(config.label_smoothing);
  return loss;
}

LoaderConfig training_loader(const RunConfig& config) {
  const LossConfig loss = stage_loss(config);
  LoaderConfig out;
  out.batch = config.training.batch;
  out.views = needs_transformed_views(loss) ? kViewsPerImage : 1;
  out.shuffle = true;
  out.augment = config.augment.enabled;
  out.drop_last = true;  // a constant batch shape
  out.seed = config.seed;
  out.workers = loader_workers(config.threads);
  // Only a cache limits how many transforms there are: a teacher that is asked online sees fresh ones every epoch.
  out.transforms = needs_teacher(loss) && !config.distill.online ? config.distill.stored_transforms : 0;
  out.preprocessing = config.preprocessing;
  out.augmentation = config.augment;
  return out;
}

NetworkStage::NetworkStage(const RunConfig& config, const TrainingData& data, Network network,
                           std::unique_ptr<TeacherSource> teacher, const Backend& backend)
    : name_(config.kind),
      images_(config.training.batch),
      views_(training_loader(config).views),
      network_(std::move(network)),
      teacher_(std::move(teacher)),
      pass_(network_, backend, images_ * views_, config.preprocessing.size, config.preprocessing.size),
      loss_(stage_loss(config), data.class_weights),
      loader_(data.dataset, data.train, training_loader(config)),
      validation_(data.dataset, data.validation, config.preprocessing, images_, loader_workers(config.threads),
                  backend) {
  if (needs_projection(loss_.config())) {
    Random random(config.seed, kHeadStream);
    head_.emplace(network_.embedding_size(), "head", backend);
    head_->initialise(random);
  }
  if (needs_regressor(loss_.config())) {
    const FeatureShape its = teacher_->feature_shape();
    const FeatureShape ours = feature_shape(network_.units(), config.preprocessing.size, config.preprocessing.size);
    if (its.height != ours.height || its.width != ours.width) {
      throw InputError("the teacher's feature map",
                       "is " + std::to_string(its.height) + "x" + std::to_string(its.width),
                       std::to_string(ours.height) + "x" + std::to_string(ours.width) + " as the student's");
    }
    Random random(config.seed, kRegressorStream);
    regressor_.emplace(network_.embedding_size(), its.channels, "regressor", backend);
    regressor_->initialise(random);
  }
  if (config.average_decay > 0) {
    average_.emplace(config.average_decay);
    average_->update(network_.state());
  }
}

std::vector<std::span<Parameter>> NetworkStage::parameters() {
  std::vector<std::span<Parameter>> groups = {network_.parameters()};
  if (head_) groups.push_back(head_->parameters());
  if (regressor_) groups.push_back(regressor_->parameters());
  return groups;
}

LossTerms NetworkStage::compute_gradients() {
  bool more = false;
  try {
    more = loader_.next(batch_);
  } catch (const Error& error) {
    throw BatchError(error.what());
  }
  if (!more) throw Error("the loader", "ended before its epoch", "another batch");
  const NetworkOutputs outputs = pass_.forward(batch_.images);
  StudentViews student;
  student.images = images_;
  student.classes = network_.config().classes;
  student.logits = outputs.logits;
  student.embedding = outputs.embedding;
  const FeatureShape& map = outputs.feature_shape;
  if (head_) student.projection = head_->forward(outputs.embedding);
  TeacherViews teacher;
  if (teacher_) teacher = teacher_->views(batch_);
  if (regressor_) {
    student.regressed = regressor_->forward(outputs.features, outputs.batch, map.height, map.width);
    student.height = map.height;
    student.width = map.width;
    student.channels = teacher.channels;
  }
  LossTerms terms = loss_.evaluate(student, teacher, batch_.labels, gradients_);
  backward();
  return terms;
}

void NetworkStage::backward() {
  OutputGradients out;
  if (head_) add(head_->backward(gradients_.projection), gradients_.embedding);
  if (regressor_) out.features = regressor_->backward(gradients_.regressed);
  out.logits = gradients_.logits;
  out.embedding = gradients_.embedding;
  pass_.backward(out);
}

void NetworkStage::after_update() {
  if (average_) average_->update(network_.state());
}

StateDict NetworkStage::best_state() const { return average_ ? average_->average() : network_.state(); }

std::optional<ValidationResult> NetworkStage::validate() {
  if (!average_) return validation_.evaluate(network_);
  Network averaged(network_.config());
  averaged.load(average_->average());
  return validation_.evaluate(averaged);
}

void NetworkStage::add_state_to(TensorFile& file) const {
  add_state(file, network_.state(), "model.");
  if (average_) add_state(file, average_->state());
  if (head_) add_state(file, head_->state());
  if (regressor_) add_state(file, regressor_->state());
}

void NetworkStage::load_state(const TensorFile& file, const std::filesystem::path& name) {
  load_named(network_, to_state(file, "model."), name);
  const StateDict all = to_state(file);
  if (average_) average_->load(all);
  if (head_) head_->load(all);
  if (regressor_) regressor_->load(all);
}

void NetworkStage::add_best_to(TensorFile& file) const { add_state(file, best_state(), "model."); }

}  // namespace dermdistill
