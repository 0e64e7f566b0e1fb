#include "native/train/network_stage.h"

#include <utility>

#include "core/base/error.h"
#include "core/distill/mixup.h"
#include "core/distill/views.h"
#include "native/train/checkpoint.h"

namespace dermdistill {

LossConfig stage_loss(const RunConfig& config) {
  LossConfig loss;
  if (config.kind == "teacher") {
    loss.ce = 1;
  } else {
    loss = config.distill.loss;
  }
  loss.label_smoothing = static_cast<float>(config.label_smoothing);
  loss.unweighted_smoothing = config.smoothing_unweighted;
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
  out.keep_decoded = decoded_budget();
  // Only a cache limits how many transforms there are: a teacher that is asked online sees fresh ones every epoch.
  out.transforms = needs_teacher(loss) && !config.distill.online ? config.distill.stored_transforms : 0;
  out.preprocessing = config.preprocessing;
  out.augmentation = config.augment;
  // A teacher sees the skin; hair and frames are the student's to see through.
  out.plain_too = needs_teacher(loss) && config.distill.online && has_overlays(config.augment);
  return out;
}

NetworkStage::NetworkStage(const RunConfig& config, const TrainingData& data, Network network,
                           std::unique_ptr<TeacherSource> teacher, const Backend& backend)
    : name_(config.kind),
      images_(config.training.batch),
      mixup_(config.mixup),
      seed_(config.seed),
      network_(std::move(network)),
      step_(network_, std::move(teacher),
            {stage_loss(config), data.class_weights, images_, training_loader(config).views, config.preprocessing.size,
             config.seed},
            backend),
      loader_(data.dataset, data.train, training_loader(config)),
      validation_(data.dataset, data.validation, config.preprocessing, images_, loader_workers(config.threads),
                  backend) {
  if (config.average_decay > 0) {
    average_.emplace(network_.config(), config.average_decay);
    average_->update(network_);
  }
}

void NetworkStage::start_epoch(int epoch, int first_step) {
  epoch_ = epoch;
  loader_.start_epoch(epoch, first_step);
}

const LossTerms& NetworkStage::compute_gradients() {
  bool more = false;
  try {
    more = loader_.next(batch_);
  } catch (const Error& error) {
    throw BatchError(error.what());
  }
  if (!more) throw Error("the loader", "ended before its epoch", "another batch");
  return step_.compute_gradients(batch_, mix_batch());
}

MixedLabels NetworkStage::mix_batch() {
  if (mixup_ == 0) return {};
  const auto images = static_cast<int>(batch_.labels.size());
  const Mixture mixture = draw_mixture(mixup_, images, seed_, epoch_, batch_.index);
  for (std::vector<float>* images_of_batch : {&batch_.images, &batch_.plain}) {
    if (images_of_batch->empty()) continue;
    mixed_images_.resize(images_of_batch->size());
    mix_images(mixture, *images_of_batch, mixed_images_);
    images_of_batch->swap(mixed_images_);
  }
  other_labels_.resize(batch_.labels.size());
  partner_labels(mixture, batch_.labels, other_labels_);
  return {other_labels_, mixture.share};
}

void NetworkStage::after_update() {
  if (average_) average_->update(network_);
}

const Network& NetworkStage::best_network() const { return average_ ? average_->average() : network_; }

std::optional<ValidationResult> NetworkStage::validate() { return validation_.evaluate(best_network()); }

void NetworkStage::add_state_to(TensorFile& file) const {
  add_state(file, network_.state(), "model.");
  if (average_) add_state(file, average_->state());
  if (step_.head()) add_state(file, step_.head()->state());
  if (step_.regressor()) add_state(file, step_.regressor()->state());
}

void NetworkStage::load_state(const TensorFile& file, const std::filesystem::path& name) {
  load_named(network_, to_state(file, "model."), name);
  const StateDict all = to_state(file);
  if (average_) average_->load(all);
  step_.load_modules(all);
}

void NetworkStage::add_best_to(TensorFile& file) const { add_state(file, best_network().state(), "model."); }

}  // namespace dermdistill
