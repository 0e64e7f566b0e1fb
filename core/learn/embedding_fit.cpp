// Fitting embedding statistics: apart from their use, so that WebAssembly need not carry the eigenvalue solver.
#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/Eigenvalues>

#include "core/base/error.h"
#include "core/base/index.h"
#include "core/learn/embedding_statistics.h"

namespace dermdistill {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;

constexpr float kLeastScale = 0.05F;     // of the mean scale: a channel that never moved must not divide by nothing
constexpr float kLeastResidual = 0.05F;  // of a channel's variance
constexpr double kPooledImages = 20;     // a class's own scatter counts as much as the pooled one at this many images

void check(std::span<const float> embeddings, std::span<const int> labels, int classes, int channels) {
  if (classes < 1 || channels < 1 || embeddings.size() != labels.size() * static_cast<std::size_t>(channels))
    throw ShapeError("embeddings",
                     std::to_string(embeddings.size()) + " values for " + std::to_string(labels.size()) + " labels",
                     std::to_string(channels) + " for each label");
  if (labels.size() < 2) throw InputError("embeddings", std::to_string(labels.size()) + " images", "at least two");
  for (const int label : labels)
    if (label < 0 || label >= classes)
      throw InputError("label " + std::to_string(label), "is unknown", "0 to " + std::to_string(classes - 1));
  for (const float value : embeddings)
    if (!std::isfinite(value)) throw NumericError("embeddings", "a value is not finite", "finite numbers");
}

/// The class's own estimate, drawn to the pooled one where it rests on few images.
float shrunk(double own, double pooled, double images) {
  return static_cast<float>((images * own + kPooledImages * pooled) / (images + kPooledImages));
}

}  // namespace

EmbeddingStatistics fit_embedding_statistics(std::span<const float> embeddings, std::span<const int> labels,
                                             const std::vector<std::string>& classes, int channels) {
  check(embeddings, labels, static_cast<int>(classes.size()), channels);
  const auto n = static_cast<Eigen::Index>(labels.size()), c = static_cast<Eigen::Index>(classes.size());
  EmbeddingStatistics result;
  result.channels = channels;
  result.classes = classes;
  result.counts.assign(classes.size(), 0);

  Matrix rows = Eigen::Map<const Matrix>(embeddings.data(), n, channels);
  Matrix means = Matrix::Zero(c, channels);
  for (Eigen::Index i = 0; i < n; ++i) {
    means.row(labels[at(i)]) += rows.row(i);
    ++result.counts[static_cast<std::size_t>(labels[at(i)])];
  }
  for (Eigen::Index k = 0; k < c; ++k)
    means.row(k) /= static_cast<float>(std::max<std::int64_t>(result.counts[at(k)], 1));
  for (Eigen::Index i = 0; i < n; ++i) rows.row(i) -= means.row(labels[at(i)]);

  Vector scale = (rows.colwise().squaredNorm().transpose() / static_cast<float>(n)).cwiseSqrt();
  const float mean_scale = scale.mean();
  scale = scale.cwiseMax(mean_scale > 0 ? kLeastScale * mean_scale : 1.0F);
  rows.array().rowwise() /= scale.transpose().array();

  const Matrix covariance = rows.transpose() * rows / static_cast<float>(n);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(covariance);
  const auto rank = std::min<Eigen::Index>({kStatisticsRank, channels, n - 1});
  result.rank = static_cast<int>(rank);
  // Ascending eigenvalues: the last columns span the most.
  const Matrix basis = solver.eigenvectors().rightCols(rank).rowwise().reverse().transpose();
  const Vector variances = solver.eigenvalues().tail(rank).reverse().cwiseMax(1e-6F);
  const Vector residual = (covariance.diagonal() -
                           (basis.array().square().colwise() * variances.array()).colwise().sum().transpose().matrix())
                              .cwiseMax(kLeastResidual);

  const Matrix along = rows * basis.transpose();
  const Matrix rest = rows - along * basis;
  Matrix class_variances = Matrix::Zero(c, rank);
  Vector class_spread = Vector::Zero(c);
  for (Eigen::Index i = 0; i < n; ++i) {
    class_variances.row(labels[at(i)]) += along.row(i).cwiseAbs2();
    class_spread[labels[at(i)]] += (rest.row(i).cwiseAbs2().array() / residual.transpose().array()).mean();
  }
  for (Eigen::Index k = 0; k < c; ++k) {
    const auto images = static_cast<double>(result.counts[at(k)]);
    const double divisor = std::max(images, 1.0);
    for (Eigen::Index r = 0; r < rank; ++r)
      class_variances(k, r) = shrunk(class_variances(k, r) / divisor, variances[r], images);
    class_spread[k] = shrunk(class_spread[k] / divisor, 1.0, images);
  }
  const auto copy = [](const auto& matrix) { return std::vector<float>(matrix.data(), matrix.data() + matrix.size()); };
  result.means = copy(means);
  result.scale = copy(scale);
  result.basis = copy(basis);
  result.variances = copy(class_variances);
  result.pooled_variances = copy(variances);
  result.residual = copy(residual);
  result.spread = copy(class_spread);
  return result;
}

}  // namespace dermdistill
