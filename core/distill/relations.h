// Relational knowledge distillation between rows (Park et al. 2019): distances of pairs, angles of triples.
#pragma once

#include <span>
#include <vector>

#include "core/distill/row_gram.h"

namespace dermdistill {

/// Distances between the rows of an embedding, from their Gram matrix.
class PairGeometry {
 public:
  /// embedding [rows, dimensions]. Allocates for a new shape only. @throws ShapeError naming the embedding.
  void compute(std::span<const float> embedding, int rows, const char* name);

  int rows() const { return gram_.rows(); }
  const RowGram& gram() const { return gram_; }
  /// [rows, rows]; off the diagonal at least 1e-6, as the paper's code clamps them.
  std::span<const double> distances() const { return distances_; }
  /// 1 / distance, and 0 where two rows are the same to float precision: their direction is not defined.
  std::span<const double> inverse_distances() const { return inverse_; }
  double mean_distance() const { return mean_; }  // off the diagonal; 0 for a single row

 private:
  RowGram gram_;
  std::vector<double> distances_, inverse_;
  double mean_ = 0;
};

/// Buffers of the losses below; they allocate for a new shape only.
struct RelationWorkspace {
  PairGeometry student, teacher;
  std::vector<double> d_gram;                     // derivative by the student's Gram matrix [rows, rows]
  std::vector<double> d_rows, row_sums, per_row;  // angles: each row's own part, added up in order
};

/// Smooth L1 between the two matrices of distances, each divided by its mean off the diagonal; mean over rows^2.
/// Adds weight * derivative to workspace.d_gram. Needs both geometries.
double rkd_distance_by_gram(double weight, RelationWorkspace& workspace);
/// Smooth L1 between the cosines at row i of the angle j-i-k of all triples, mean over rows^3: O(rows^3) through the
/// Gram matrix G, cos = (G_jk - G_ij - G_ik + G_ii) / (D_ij D_ik).
double rkd_angle_by_gram(double weight, RelationWorkspace& workspace);

struct RelationLosses {
  double distance = 0, angle = 0;
};

/// Both losses of embeddings [rows, student dimensions] and [rows, teacher dimensions]; the geometry is computed once
/// and a term of weight 0 is not. Adds the weighted gradients to d_student.
RelationLosses relation_losses(std::span<const float> student, std::span<const float> teacher, int rows,
                               float distance_weight, float angle_weight, std::span<float> d_student,
                               RelationWorkspace& workspace);

/// Each alone; a weight of 0 computes the value without a gradient.
double rkd_distance(std::span<const float> student, std::span<const float> teacher, int rows, float weight,
                    std::span<float> d_student, RelationWorkspace& workspace);
double rkd_angle(std::span<const float> student, std::span<const float> teacher, int rows, float weight,
                 std::span<float> d_student, RelationWorkspace& workspace);

}  // namespace dermdistill
