// A network trained on images: the teacher (stage 1) and, with a teacher to learn from, the student (stage 3).
#pragma once

#include <memory>
#include <optional>

#include "core/learn/weight_average.h"
#include "core/nn/network.h"
#include "native/train/distill_step.h"
#include "native/train/stage.h"
#include "native/train/training_data.h"

namespace dermdistill {

class NetworkStage : public Stage {
 public:
  /// `network` holds its initial weights. `teacher` may be null for a loss that needs none. @throws InputError when the
  /// teacher's feature map has another height or width than the network's.
  NetworkStage(const RunConfig& config, const TrainingData& data, Network network,
               std::unique_ptr<TeacherSource> teacher, const Backend& backend);

  std::string name() const override { return name_; }
  int steps_per_epoch() const override { return loader_.batches_per_epoch(); }
  int images_per_step() const override { return images_; }
  std::vector<std::span<Parameter>> parameters() override { return step_.parameters(); }
  void start_epoch(int epoch, int first_step) override;
  const LossTerms& compute_gradients() override;
  void after_update() override;
  std::optional<ValidationResult> validate() override;
  void add_state_to(TensorFile& file) const override;
  void load_state(const TensorFile& file, const std::filesystem::path& name) override;
  void add_best_to(TensorFile& file) const override;

  std::size_t arena_bytes() const { return step_.arena_bytes(); }

 private:
  const Network& best_network() const;
  MixedLabels mix_batch();

  std::string name_;
  int images_, epoch_ = 0;
  double mixup_;
  std::uint64_t seed_;
  Network network_;
  DistillStep step_;
  std::optional<WeightAverage> average_;
  Loader loader_;
  Batch batch_;
  std::vector<float> mixed_images_;  // the storage that batch_.images takes turns with
  std::vector<int> other_labels_;
  Validation validation_;
};

/// The loss of a run's network stage: the method's, or plain class-weighted cross entropy for a teacher.
LossConfig stage_loss(const RunConfig& config);

/// The loader of a run's training images. Transforms repeat only where a cache of the teacher's answers stores them.
LoaderConfig training_loader(const RunConfig& config);

}  // namespace dermdistill
