#include "core/distill/self_supervision.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/distill/error_ranking.h"
#include "core/distill/softmax.h"
#include "core/distill/views.h"

namespace dermdistill {
namespace {

constexpr double kLeastNorm = 1e-8;

std::size_t at(int row, int column, int columns) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
}

/// Row of the batch that transformed view `row` (of 3B) is.
int batch_row(int row) { return row / 3 * kViewsPerImage + 1 + row % 3; }

/// The image that each transformed view must find.
void set_targets(int images, std::vector<int>& targets) {
  targets.resize(static_cast<std::size_t>(3 * images));
  for (std::size_t r = 0; r < targets.size(); ++r) targets[r] = static_cast<int>(r) / 3;
}

}  // namespace

void SimilarityMatrix::compute(std::span<const float> projection, int images) {
  if (images < 1) throw ShapeError("similarity matrix", std::to_string(images) + " images", "at least 1");
  images_ = images;
  gram_.compute(projection, images * kViewsPerImage, "projected embedding");
  inverse_norms_.resize(static_cast<std::size_t>(gram_.rows()));
  for (int r = 0; r < gram_.rows(); ++r) {
    inverse_norms_[static_cast<std::size_t>(r)] = 1 / std::max(kLeastNorm, std::sqrt(gram_(r, r)));
  }
  values_.resize(static_cast<std::size_t>(rows()) * static_cast<std::size_t>(images));
  for (int r = 0; r < rows(); ++r) {
    for (int image = 0; image < images; ++image) {
      const int a = batch_row(r), b = image * kViewsPerImage;
      values_[at(r, image, images)] =
          gram_(a, b) * inverse_norms_[static_cast<std::size_t>(a)] * inverse_norms_[static_cast<std::size_t>(b)];
    }
  }
}

void SimilarityMatrix::backward(std::span<const double> d_similarity, double scale, std::span<float> d_projection) {
  if (d_similarity.size() != values_.size()) {
    throw ShapeError("gradient of similarities", std::to_string(d_similarity.size()) + " values",
                     std::to_string(values_.size()));
  }
  const int n = gram_.rows();
  d_gram_.assign(static_cast<std::size_t>(n) * static_cast<std::size_t>(n), 0.0);
  const auto is_zero = [&](int row) { return gram_(row, row) < kLeastNorm * kLeastNorm; };
  for (int r = 0; r < rows(); ++r) {
    for (int image = 0; image < images_; ++image) {
      const int a = batch_row(r), b = image * kViewsPerImage;
      if (is_zero(a) || is_zero(b)) continue;
      const double d = d_similarity[at(r, image, images_)], cosine = values_[at(r, image, images_)];
      const double inverse_a = inverse_norms_[static_cast<std::size_t>(a)],
                   inverse_b = inverse_norms_[static_cast<std::size_t>(b)];
      d_gram_[at(a, b, n)] += d * inverse_a * inverse_b;
      d_gram_[at(a, a, n)] -= 0.5 * d * cosine * inverse_a * inverse_a;
      d_gram_[at(b, b, n)] -= 0.5 * d * cosine * inverse_b * inverse_b;
    }
  }
  gram_.backward(d_gram_, scale, d_projection);
}

double similarity_loss(std::span<const float> student_projection, std::span<const float> teacher_projection, int images,
                       float temperature, double keep_ratio, float weight, std::span<float> d_student_projection,
                       SelfSupervisionWorkspace& workspace) {
  if (!(temperature > 0)) throw InputError("temperature of the similarities", "is not positive", "above 0");
  workspace.student.compute(student_projection, images);
  workspace.teacher.compute(teacher_projection, images);
  const std::size_t width = static_cast<std::size_t>(images), rows = 3 * width;
  set_targets(images, workspace.targets);
  workspace.ranks.resize(rows);
  workspace.kept.resize(rows);
  target_ranks(workspace.teacher.values(), images, workspace.targets, workspace.ranks);
  const int kept = keep_best_ranked(workspace.ranks, keep_ratio, workspace.kept);
  if (kept == 0) return 0;

  const double t = static_cast<double>(temperature);
  workspace.d_similarity.assign(rows * width, 0.0);
  workspace.student_log_probability.resize(width);
  workspace.teacher_log_probability.resize(width);
  double loss = 0;
  for (const int row : std::span(workspace.kept).first(static_cast<std::size_t>(kept))) {
    const std::size_t base = static_cast<std::size_t>(row) * width;
    log_softmax(&workspace.student.values()[base], t, workspace.student_log_probability);
    log_softmax(&workspace.teacher.values()[base], t, workspace.teacher_log_probability);
    for (std::size_t c = 0; c < width; ++c) {
      const double log_student = workspace.student_log_probability[c],
                   log_teacher = workspace.teacher_log_probability[c];
      const double target = std::exp(log_teacher);
      loss += target * (log_teacher - log_student);
      workspace.d_similarity[base + c] = std::exp(log_student) - target;
    }
  }
  workspace.student.backward(workspace.d_similarity, static_cast<double>(weight) * t / kept, d_student_projection);
  return loss * t * t / kept;
}

double contrastive_cross_entropy(std::span<const float> projection, int images, float weight,
                                 std::span<float> d_projection, SelfSupervisionWorkspace& workspace) {
  workspace.student.compute(projection, images);
  const std::size_t width = static_cast<std::size_t>(images), rows = 3 * width;
  workspace.d_similarity.resize(rows * width);
  workspace.student_log_probability.resize(width);
  double loss = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    log_softmax(&workspace.student.values()[r * width], 1.0, workspace.student_log_probability);
    const std::size_t target = r / 3;
    loss -= workspace.student_log_probability[target];
    for (std::size_t c = 0; c < width; ++c) {
      workspace.d_similarity[r * width + c] = std::exp(workspace.student_log_probability[c]) - (c == target ? 1 : 0);
    }
  }
  const double count = static_cast<double>(rows);
  workspace.student.backward(workspace.d_similarity, static_cast<double>(weight) / count, d_projection);
  return loss / count;
}

double contrastive_accuracy(std::span<const float> projection, int images, SelfSupervisionWorkspace& workspace) {
  workspace.student.compute(projection, images);
  set_targets(images, workspace.targets);
  workspace.ranks.resize(workspace.targets.size());
  target_ranks(workspace.student.values(), images, workspace.targets, workspace.ranks);
  const auto found = std::count(workspace.ranks.begin(), workspace.ranks.end(), 0);
  return static_cast<double>(found) / static_cast<double>(workspace.ranks.size());
}

}  // namespace dermdistill
