// Stage 2: the teacher's self-supervision head, trained on the frozen teacher's embeddings of four views an image.
#pragma once

#include <functional>
#include <vector>

#include "core/distill/self_supervision.h"
#include "core/nn/heads.h"
#include "native/train/stage.h"
#include "native/train/teacher.h"
#include "native/train/training_data.h"

namespace dermdistill {

/// A teacher's embeddings of every view: [transforms, images, 4, dimensions].
struct ViewEmbeddings {
  int transforms = 0, images = 0, dimensions = 0;
  std::vector<float> values;
};

/// Runs the teacher over the training images once. @throws Interrupted when asked to stop.
ViewEmbeddings embed_views(const RunConfig& config, const TrainingData& data, Teacher& teacher, const Backend& backend,
                           const std::function<bool()>& stop_requested);

class HeadStage : public Stage {
 public:
  /// `network` is the state of the frozen teacher, which every checkpoint of the stage holds as well.
  HeadStage(const RunConfig& config, ViewEmbeddings embeddings, StateDict network, const Backend& backend);

  std::string name() const override { return "head"; }
  int steps_per_epoch() const override { return embeddings_.images / batch_; }
  int images_per_step() const override { return batch_; }
  std::vector<std::span<Parameter>> parameters() override { return {head_.parameters()}; }
  void start_epoch(int epoch, int first_step) override;
  /// Terms "contrastive" (the loss) and "matching_accuracy".
  const LossTerms& compute_gradients() override;
  void add_state_to(TensorFile& file) const override;
  void load_state(const TensorFile& file, const std::filesystem::path& name) override;
  void add_best_to(TensorFile& file) const override { add_state_to(file); }

 private:
  ViewEmbeddings embeddings_;
  StateDict network_;
  int batch_;
  std::uint64_t seed_;
  ProjectionHead head_;
  std::vector<int> order_;  // of the images in this epoch
  int transform_ = 0, step_ = 0;
  std::vector<float> rows_, gradient_;
  SelfSupervisionWorkspace workspace_;
  LossTerms terms_;
};

}  // namespace dermdistill
