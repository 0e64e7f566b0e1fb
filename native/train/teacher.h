// A trained teacher: frozen, in evaluation mode, with its self-supervision head where it has one.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/distill/distill_loss.h"
#include "core/image/view_orientation.h"
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

/// Whether two teachers can answer together about the same views. @throws InputError when they were trained at another
/// size or detail, or are the same.
void check_ensemble(const Teacher& teacher, const Teacher& other);

/// Runs a teacher over batches of views. A lesion has no "up": the logits of a normal view can be the mean over several
/// orientations of it. Rotated views keep their own answer, since the losses and the error ranking compare these with
/// the normal one's, and all would become the same; embedding, projection and feature map are those of the view itself.
class TeacherPass {
 public:
  /// `orientations` are the first so many of kViewOrientations: is_orientation_count(). @throws InputError for
  /// another number.
  TeacherPass(Teacher& teacher, const Backend& backend, int max_rows, int size, int orientations = 1);

  /// views [rows, size, size, 3], rows = images * (views an image), row = image * views + quarter turn. The projection
  /// is empty without a head or when it is not wanted. Valid until the next call.
  /// @throws ShapeError when that is not the size of `views`.
  TeacherViews forward(std::span<const float> views, int images, int rows, bool with_projection);
  /// Of the feature map.
  FeatureShape feature_shape() const { return shape_; }

 private:
  void add_turned(std::span<const float> views, int images, int views_each);
  std::span<const float> mean_logits(std::span<const float> logits, int images, int views_each);

  Teacher& teacher_;
  int max_rows_, size_;
  std::span<const ViewOrientation> orientations_;
  InferencePass pass_;
  FeatureShape shape_;
  std::vector<float> turned_;  // views that the batch does not hold
  std::vector<double> sums_;   // [images, classes]
  std::vector<float> logits_;  // [rows, classes]
};

}  // namespace dermdistill
