// Relational knowledge distillation between rows (Park et al. 2019): distances of pairs, angles of triples.
#pragma once

#include <span>
#include <vector>

namespace dermdistill {

/// Gram matrix and distances of the rows of an embedding, in double because distances subtract large numbers.
class PairGeometry {
 public:
  /// embedding [rows, dimensions]. @throws ShapeError.
  void compute(std::span<const float> embedding, int rows);

  int rows() const { return rows_; }
  std::span<const double> gram() const { return gram_; }            // [rows, rows], symmetric
  std::span<const double> distances() const { return distances_; }  // [rows, rows]; at least 1e-6 off the diagonal
  /// 1 / distance, and 0 where two rows are the same to float precision (then nothing is differentiated).
  std::span<const double> inverse_distances() const { return inverse_; }

 private:
  int rows_ = 0;
  std::vector<double> gram_, distances_, inverse_, wide_;
};

/// Gradient with respect to a Gram matrix, carried to the embedding in one product at the end.
class GramGradient {
 public:
  void reset(int rows);                           // zero, keeping memory
  std::span<double> values() { return values_; }  // [rows, rows]
  /// d_embedding [rows, dimensions] += (H + H') embedding.
  void add_to(std::span<const float> embedding, std::span<float> d_embedding);

  std::vector<double>& partial(int part) { return partials_[static_cast<std::size_t>(part)]; }
  void size_partials(int parts);  // one zero matrix a thread

 private:
  int rows_ = 0;
  std::vector<double> values_, symmetric_;
  std::vector<std::vector<double>> partials_;
};

/// Buffers of the span forms below; they allocate for a new shape only.
struct RelationWorkspace {
  PairGeometry student, teacher;
  GramGradient gradient;
};

/// Smooth L1 between the two matrices of distances, each divided by its mean off the diagonal; mean over rows^2.
double rkd_distance(const PairGeometry& student, const PairGeometry& teacher, double weight, GramGradient& gradient);
/// Smooth L1 between the cosines at i of the angle j-i-k of all triples, mean over rows^3; O(rows^3) through the Gram
/// matrix: cos = (G_jk - G_ij - G_ik + G_ii) / (D_ij D_ik).
double rkd_angle(const PairGeometry& student, const PairGeometry& teacher, double weight, GramGradient& gradient);

/// The same from embeddings [rows, student dimensions] and [rows, teacher dimensions]; adds weight * gradient.
double rkd_distance(std::span<const float> student, std::span<const float> teacher, int rows, float weight,
                    std::span<float> d_student, RelationWorkspace& workspace);
double rkd_angle(std::span<const float> student, std::span<const float> teacher, int rows, float weight,
                 std::span<float> d_student, RelationWorkspace& workspace);

}  // namespace dermdistill
