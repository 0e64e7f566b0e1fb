// A trained teacher: frozen, in evaluation mode, with its self-supervision head where it has one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/distill/distill_loss.h"
#include "core/io/model_card.h"
#include "core/nn/heads.h"
#include "core/nn/network.h"

namespace dermdistill {

struct Teacher {
  FoldedNetwork network;
  std::optional<ProjectionHead> head;
  ModelCard card;
  std::string sha256;  // of the network's and the head's tensors
  std::string name;    // where it was read, for messages
};

/// The checkpoint meant by a path: a run folder stands for its best.safetensors. @throws InputError when it is not
/// there.
std::filesystem::path teacher_file(const std::filesystem::path& path);

/// Reads a run folder (its best.safetensors) or a checkpoint.
/// @throws FileError, FormatError, ShapeError, NumericError naming the file.
Teacher load_teacher(const std::filesystem::path& path, const Backend& backend);

/// @throws InputError when its classes or its preprocessing are not those of the run, or it lacks a head it needs.
void check_teacher(const Teacher& teacher, const std::vector<std::string>& classes, const Preprocessing& preprocessing,
                   bool needs_head);

/// Runs a teacher over batches of views.
class TeacherPass {
 public:
  TeacherPass(Teacher& teacher, const Backend& backend, int max_rows, int size);

  /// views [rows, size, size, 3], rows = images * (views an image). The projection is empty without a head or when it
  /// is not wanted. Valid until the next call.
  TeacherViews forward(std::span<const float> views, int images, int rows, bool with_projection);
  /// Of the feature map.
  FeatureShape feature_shape() const { return shape_; }

 private:
  Teacher& teacher_;
  InferencePass pass_;
  FeatureShape shape_;
};

}  // namespace dermdistill
