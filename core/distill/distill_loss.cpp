#include "core/distill/distill_loss.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/distill/classification.h"
#include "core/distill/error_ranking.h"
#include "core/distill/feature_losses.h"
#include "core/distill/relations.h"
#include "core/distill/self_supervision.h"
#include "core/distill/views.h"

namespace dermdistill {
namespace {

void check_size(const char* name, std::size_t size, std::size_t expected) {
  if (size != expected) throw ShapeError(name, std::to_string(size) + " values", std::to_string(expected));
}

void check_rows(const char* name, std::size_t size, std::size_t rows) {
  if (size == 0 || size % rows != 0) {
    throw ShapeError(name, std::to_string(size) + " values", std::to_string(rows) + " rows of equal length");
  }
}

/// Sizes a gradient like its input and clears it; keeps the memory.
void clear_like(std::vector<float>& gradient, std::size_t size) { gradient.assign(size, 0.0F); }

}  // namespace

struct DistillLoss::State {
  LossConfig config;
  std::vector<float> class_weights;
  int images = 0;
  std::vector<int> normal, transformed, transformed_labels, ranks, kept, kept_rows;
  std::vector<float> teacher_scores;
  LossTerms result;
  SelfSupervisionWorkspace self_supervision;
  RelationWorkspace relations;
  ChannelRelationWorkspace channels;

  void size_for(int count) {
    if (images == count) return;
    images = count;
    normal = needs_transformed_views(config) ? normal_rows(count) : every_row(count);
    transformed = needs_transformed_views(config) ? transformed_rows(count) : std::vector<int>{};
    transformed_labels.resize(transformed.size());
    ranks.resize(transformed.size());
    kept.resize(transformed.size());
    kept_rows.resize(transformed.size());
  }

  int rows() const { return images * (needs_transformed_views(config) ? kViewsPerImage : 1); }

  void check(const StudentViews& student, const TeacherViews& teacher, std::span<const int> labels) const {
    const std::size_t count = static_cast<std::size_t>(rows());
    if (static_cast<std::size_t>(student.classes) != class_weights.size()) {
      throw ShapeError("student logits", std::to_string(student.classes) + " classes",
                       std::to_string(class_weights.size()));
    }
    check_size("labels", labels.size(), static_cast<std::size_t>(images));
    for (const int label : labels) {
      if (label < 0 || label >= student.classes) {
        throw InputError("label " + std::to_string(label), "is not a class",
                         "0 to " + std::to_string(student.classes - 1));
      }
    }
    check_size("student logits", student.logits.size(), count * class_weights.size());
    if (!needs_teacher(config)) return;
    if (teacher.images != student.images) {
      throw ShapeError("teacher's batch", std::to_string(teacher.images) + " images", std::to_string(student.images));
    }
    if (config.kd != 0 || config.kd_transformed != 0) {
      check_size("teacher logits", teacher.logits.size(), count * class_weights.size());
    }
    if (needs_embedding(config)) {
      check_rows("student embedding", student.embedding.size(), count);
      check_rows("teacher embedding", teacher.embedding.size(), count);
    }
    if (needs_projection(config)) {
      check_rows("student projection", student.projection.size(), count);
      check_rows("teacher projection", teacher.projection.size(), count);
    }
    if (needs_regressor(config)) {
      if (student.height != teacher.height || student.width != teacher.width || student.channels != teacher.channels) {
        const auto text = [](int h, int w, int c) {
          return std::to_string(h) + "x" + std::to_string(w) + "x" + std::to_string(c);
        };
        throw ShapeError("student feature map", text(student.height, student.width, student.channels),
                         text(teacher.height, teacher.width, teacher.channels) + " as the teacher's");
      }
      const std::size_t size = count * static_cast<std::size_t>(student.height) *
                               static_cast<std::size_t>(student.width) * static_cast<std::size_t>(student.channels);
      check_size("student feature map", student.regressed.size(), size);
      check_size("teacher feature map", teacher.features.size(), size);
    }
  }

  double transformed_distillation(const StudentViews& student, const TeacherViews& teacher, std::span<const int> labels,
                                  std::span<float> d_logits) {
    const std::size_t classes = class_weights.size();
    teacher_scores.resize(transformed.size() * classes);
    for (std::size_t r = 0; r < transformed.size(); ++r) {
      transformed_labels[r] = labels[r / 3];
      std::copy_n(
          teacher.logits.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(transformed[r]) * classes),
          classes, teacher_scores.begin() + static_cast<std::ptrdiff_t>(r * classes));
    }
    target_ranks(teacher_scores, student.classes, transformed_labels, ranks);
    const std::size_t count = static_cast<std::size_t>(keep_best_ranked(ranks, config.keep_transformed, kept));
    for (std::size_t r = 0; r < count; ++r) kept_rows[r] = transformed[static_cast<std::size_t>(kept[r])];
    return knowledge_distillation(student.logits, teacher.logits, student.classes, std::span(kept_rows).first(count),
                                  config.kd_temperature, config.kd_transformed, d_logits);
  }
};

DistillLoss::DistillLoss(const LossConfig& config, std::vector<float> class_weights)
    : state_(std::make_unique<State>()) {
  if (class_weights.empty()) throw InputError("class weights", "there are none", "one a class");
  for (std::size_t c = 0; c < class_weights.size(); ++c) {
    if (!(class_weights[c] > 0) || !std::isfinite(class_weights[c])) {
      throw InputError("weight of class " + std::to_string(c), std::to_string(class_weights[c]), "a positive number");
    }
  }
  if (!(config.label_smoothing >= 0 && config.label_smoothing < 1)) {
    throw InputError("label smoothing", std::to_string(config.label_smoothing), "0 to below 1");
  }
  state_->config = config;
  state_->class_weights = std::move(class_weights);
}

DistillLoss::~DistillLoss() = default;
DistillLoss::DistillLoss(DistillLoss&&) noexcept = default;
DistillLoss& DistillLoss::operator=(DistillLoss&&) noexcept = default;

const LossConfig& DistillLoss::config() const { return state_->config; }

const LossTerms& DistillLoss::evaluate(const StudentViews& student, const TeacherViews& teacher,
                                       std::span<const int> labels, StudentGradients& gradients,
                                       const MixedLabels& mixed) {
  State& state = *state_;
  const LossConfig& config = state.config;
  if (student.images < 1) throw ShapeError("student's batch", std::to_string(student.images) + " images", "at least 1");
  state.size_for(student.images);
  state.check(student, teacher, labels);
  if (!mixed.others.empty() && needs_transformed_views(config)) {
    throw InputError("mixed images", "have no one class by which to rank the teacher's answers",
                     "a loss without transformed views");
  }

  LossTerms& result = state.result;
  result.total = 0;
  result.terms.clear();
  const auto add = [&](const char* name, double weight, double value) {
    result.terms.emplace_back(name, value);
    result.total += weight * value;
  };
  clear_like(gradients.logits, student.logits.size());
  clear_like(gradients.embedding, needs_embedding(config) ? student.embedding.size() : 0);
  clear_like(gradients.projection, needs_projection(config) ? student.projection.size() : 0);
  gradients.regressed.resize(needs_regressor(config) ? student.regressed.size() : 0);

  if (config.ce != 0) {
    add("ce", static_cast<double>(config.ce),
        weighted_cross_entropy(student.logits, labels, state.normal, state.class_weights, config.ce, gradients.logits,
                               {config.label_smoothing, config.unweighted_smoothing, mixed.others, mixed.share}));
  }
  if (config.kd != 0) {
    add("kd", static_cast<double>(config.kd),
        knowledge_distillation(student.logits, teacher.logits, student.classes, state.normal, config.kd_temperature,
                               config.kd, gradients.logits));
  }
  if (config.kd_transformed != 0) {
    add("kd_transformed", static_cast<double>(config.kd_transformed),
        state.transformed_distillation(student, teacher, labels, gradients.logits));
  }
  if (config.ss != 0) {
    add("ss", static_cast<double>(config.ss),
        similarity_loss(student.projection, teacher.projection, student.images, config.ss_temperature,
                        config.keep_similarity, config.ss, gradients.projection, state.self_supervision));
  }
  if (needs_embedding(config)) {
    const RelationLosses losses =
        relation_losses(student.embedding, teacher.embedding, state.rows(), config.rkd_distance, config.rkd_angle,
                        gradients.embedding, state.relations);
    if (config.rkd_distance != 0) add("rkd_distance", static_cast<double>(config.rkd_distance), losses.distance);
    if (config.rkd_angle != 0) add("rkd_angle", static_cast<double>(config.rkd_angle), losses.angle);
  }
  // The first of the two map losses replaces the gradient, so that the largest buffer is not cleared first.
  if (config.crkd != 0) {
    const MapShape shape{state.rows(), student.height * student.width, student.channels};
    add("crkd", static_cast<double>(config.crkd),
        channel_relational(student.regressed, teacher.features, shape, config.crkd, gradients.regressed, state.channels,
                           GradientWrite::Replace));
  }
  if (config.fitnet != 0) {
    add("fitnet", static_cast<double>(config.fitnet),
        fitnet_mse(student.regressed, teacher.features, config.fitnet, gradients.regressed,
                   config.crkd != 0 ? GradientWrite::Add : GradientWrite::Replace));
  }
  return result;
}

}  // namespace dermdistill
