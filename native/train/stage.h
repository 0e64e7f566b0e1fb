// One stage of training as the epoch loop sees it: batches that yield gradients, a state, perhaps a validation.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/distill/distill_loss.h"
#include "core/io/safetensors.h"
#include "core/nn/parameter.h"
#include "native/train/validation.h"

namespace dermdistill {

/// The next batch could not be read. Everything is as it was before the step, so that it can be saved.
class BatchError : public Error {
  using Error::Error;
};

class Stage {
 public:
  virtual ~Stage() = default;

  virtual std::string name() const = 0;  // "teacher", "head", "student"
  virtual int steps_per_epoch() const = 0;
  virtual int images_per_step() const = 0;
  /// Everything the optimiser moves, in a fixed order.
  virtual std::vector<std::span<Parameter>> parameters() = 0;

  virtual void start_epoch(int epoch, int first_step) = 0;
  /// Forward and backward of the epoch's next batch: the loss, until the next call, and the gradients in parameters().
  /// @throws BatchError when an image cannot be read.
  virtual const LossTerms& compute_gradients() = 0;
  /// After the optimiser has moved the parameters.
  virtual void after_update() {}
  /// Absent when the stage has nothing to validate: then its last epoch is its best.
  virtual std::optional<ValidationResult> validate() { return std::nullopt; }

  /// All tensors but the optimiser's.
  virtual void add_state_to(TensorFile& file) const = 0;
  /// The inverse. `name` stands in messages. @throws ShapeError, NumericError.
  virtual void load_state(const TensorFile& file, const std::filesystem::path& name) = 0;
  /// The tensors to use when training is over.
  virtual void add_best_to(TensorFile& file) const = 0;
};

}  // namespace dermdistill
