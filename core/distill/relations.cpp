#include "core/distill/relations.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/distill/product_kernels.h"

namespace dermdistill {
namespace {

constexpr double kLeastSquaredDistance = 1e-12;  // the clamp of the paper's code
// Below this share of the squared norms, a squared distance is the rounding error of the products.
constexpr double kEqualRows = 1e-13;

void check_pair(const RelationWorkspace& workspace) {
  if (workspace.student.rows() != workspace.teacher.rows()) {
    throw ShapeError("teacher embedding", std::to_string(workspace.teacher.rows()) + " rows",
                     std::to_string(workspace.student.rows()) + " as the student's");
  }
}

void prepare(std::span<const float> student, std::span<const float> teacher, int rows, RelationWorkspace& workspace) {
  workspace.student.compute(student, rows, "student embedding");
  workspace.teacher.compute(teacher, rows, "teacher embedding");
  workspace.d_gram.assign(workspace.student.gram().values().size(), 0.0);
}

}  // namespace

void PairGeometry::compute(std::span<const float> embedding, int rows, const char* name) {
  gram_.compute(embedding, rows, name);
  const std::size_t n = static_cast<std::size_t>(rows);
  distances_.assign(n * n, 0.0);
  inverse_.assign(n * n, 0.0);
  double sum = 0;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < rows; ++j) {
      if (i == j) continue;
      const double norms = gram_(i, i) + gram_(j, j);
      const double squared = norms - 2 * gram_(i, j);
      const bool equal = !(squared > kEqualRows * norms) && !std::isnan(squared);
      const double distance = std::sqrt(equal ? kLeastSquaredDistance : std::max(squared, kLeastSquaredDistance));
      const std::size_t index = static_cast<std::size_t>(i) * n + static_cast<std::size_t>(j);
      distances_[index] = distance;
      inverse_[index] = equal || squared <= kLeastSquaredDistance ? 0 : 1 / distance;
      sum += distance;
    }
  }
  mean_ = rows > 1 ? sum / static_cast<double>(n * (n - 1)) : 0;
}

double rkd_distance_by_gram(double weight, RelationWorkspace& workspace) {
  check_pair(workspace);
  const PairGeometry &student = workspace.student, &teacher = workspace.teacher;
  const std::size_t n = static_cast<std::size_t>(student.rows());
  if (n < 2) return 0;
  const double count = static_cast<double>(n * n);
  const auto difference = [&](std::size_t index) {
    return student.distances()[index] / student.mean_distance() - teacher.distances()[index] / teacher.mean_distance();
  };
  double loss = 0, through_mean = 0;
  for (std::size_t index = 0; index < n * n; ++index) {
    const double d = difference(index), slope = std::clamp(d, -1.0, 1.0);
    loss += slope * (d - 0.5 * slope);
    through_mean += slope * student.distances()[index];
  }
  if (weight == 0) return loss / count;
  // Each distance counts by itself and as a part of the mean, which divides all of them.
  through_mean /= student.mean_distance() * static_cast<double>(n * (n - 1));
  const double scale = weight / (count * student.mean_distance());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t index = i * n + j;
      const double slope = std::clamp(difference(index), -1.0, 1.0);
      // d D / d (D squared) = 1 / (2 D), and D squared = G_ii + G_jj - 2 G_ij.
      const double d_squared = scale * (slope - through_mean) * 0.5 * student.inverse_distances()[index];
      workspace.d_gram[i * n + i] += d_squared;
      workspace.d_gram[j * n + j] += d_squared;
      workspace.d_gram[index] -= 2 * d_squared;
    }
  }
  return loss / count;
}

double rkd_angle_by_gram(double weight, RelationWorkspace& workspace) {
  check_pair(workspace);
  const PairGeometry &student = workspace.student, &teacher = workspace.teacher;
  const int rows = student.rows();
  const std::size_t n = static_cast<std::size_t>(rows);
  workspace.d_rows.assign(n * n, 0.0);
  workspace.row_sums.resize(n * n);
  workspace.per_row.resize(n);
  const ProductKernels& kernels = product_kernels();
  // Row j owns d_rows[j], row_sums[j] and per_row[j]: no sum depends on how the rows are split among threads.
  parallel_for(rows, [&](std::int64_t j) {
    workspace.per_row[static_cast<std::size_t>(j)] =
        kernels.angle_row(rows, static_cast<int>(j), student.gram().values().data(), student.inverse_distances().data(),
                          teacher.gram().values().data(), teacher.inverse_distances().data(),
                          workspace.d_rows.data() + j * rows, workspace.row_sums.data() + j * rows);
  });
  double loss = 0;
  for (const double value : workspace.per_row) loss += value;
  const double count = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  if (weight == 0) return loss / count;
  const double scale = weight / count;
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < n; ++k) {
      const double anchor = scale * workspace.row_sums[j * n + k];  // k is the anchor here
      workspace.d_gram[j * n + k] += scale * workspace.d_rows[j * n + k];
      workspace.d_gram[k * n + j] -= 2 * anchor;
      workspace.d_gram[k * n + k] += anchor;
    }
  }
  return loss / count;
}

RelationLosses relation_losses(std::span<const float> student, std::span<const float> teacher, int rows,
                               float distance_weight, float angle_weight, std::span<float> d_student,
                               RelationWorkspace& workspace) {
  prepare(student, teacher, rows, workspace);
  RelationLosses losses;
  if (distance_weight != 0) losses.distance = rkd_distance_by_gram(static_cast<double>(distance_weight), workspace);
  if (angle_weight != 0) losses.angle = rkd_angle_by_gram(static_cast<double>(angle_weight), workspace);
  workspace.student.gram().backward(workspace.d_gram, 1.0, d_student);
  return losses;
}

double rkd_distance(std::span<const float> student, std::span<const float> teacher, int rows, float weight,
                    std::span<float> d_student, RelationWorkspace& workspace) {
  prepare(student, teacher, rows, workspace);
  const double loss = rkd_distance_by_gram(static_cast<double>(weight), workspace);
  if (weight != 0) workspace.student.gram().backward(workspace.d_gram, 1.0, d_student);
  return loss;
}

double rkd_angle(std::span<const float> student, std::span<const float> teacher, int rows, float weight,
                 std::span<float> d_student, RelationWorkspace& workspace) {
  prepare(student, teacher, rows, workspace);
  const double loss = rkd_angle_by_gram(static_cast<double>(weight), workspace);
  if (weight != 0) workspace.student.gram().backward(workspace.d_gram, 1.0, d_student);
  return loss;
}

}  // namespace dermdistill
