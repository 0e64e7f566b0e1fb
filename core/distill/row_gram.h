// Inner products of the rows of an embedding, in double, and the way back of their gradients.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermdistill {

/// G = E E' of an embedding E [rows, dimensions]. Losses of distances, angles and cosines are functions of G alone.
class RowGram {
 public:
  /// Allocates for a new shape only. @throws ShapeError, the message calling the embedding `name`.
  void compute(std::span<const float> embedding, int rows, const char* name);

  int rows() const { return rows_; }
  int dimensions() const { return dimensions_; }
  std::span<const double> values() const { return gram_; }  // [rows, rows], symmetric
  double operator()(int i, int j) const {
    return gram_[static_cast<std::size_t>(i) * static_cast<std::size_t>(rows_) + static_cast<std::size_t>(j)];
  }

  /// d_embedding += scale * (H + H') E for H [rows, rows], the derivative of a loss by G; H is symmetrised in place.
  void backward(std::span<double> d_gram, double scale, std::span<float> d_embedding) const;

 private:
  int rows_ = 0, dimensions_ = 0;
  std::int64_t stride_ = 0;
  std::vector<double> wide_;  // E in double, rows `stride_` apart
  std::vector<double> gram_;
};

}  // namespace dermdistill
