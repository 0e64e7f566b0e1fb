// Fitting a Gaussian: apart from its use, so that WebAssembly need not carry it.
#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>

#include "core/base/error.h"
#include "core/learn/gaussian.h"

namespace dermdistill {
namespace {

using DoubleMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Of the mean deviation: a channel that never moved must not divide by nothing.
constexpr double kLeastDeviation = 0.05;
// So that even two embeddings leave a covariance that can be inverted, also when its factor is rounded to float.
constexpr double kLeastShrinkage = 1e-4;

DoubleMatrix checked_rows(std::span<const float> embeddings, int channels) {
  if (channels < 1 || embeddings.size() % static_cast<std::size_t>(channels) != 0)
    throw ShapeError("early embeddings", std::to_string(embeddings.size()) + " values",
                     "rows of " + std::to_string(channels));
  const auto n = static_cast<Eigen::Index>(embeddings.size()) / channels;
  if (n < 2) throw InputError("early embeddings", std::to_string(n) + " images", "at least two");
  for (const float value : embeddings)
    if (!std::isfinite(value)) throw NumericError("early embeddings", "a value is not finite", "finite numbers");
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(embeddings.data(), n,
                                                                                                 channels)
      .cast<double>();
}

/// The share of the unit matrix, of Ledoit and Wolf: the expected squared error of the sample covariance over its
/// squared distance to the mean eigenvalue times the unit matrix. Rows are centred.
double shrinkage(const DoubleMatrix& rows, const Eigen::MatrixXd& covariance, double mean_eigenvalue) {
  const auto n = static_cast<double>(rows.rows()), channels = static_cast<double>(rows.cols());
  const double size = covariance.squaredNorm();
  const double distance = size - channels * mean_eigenvalue * mean_eigenvalue;
  // The sum over images of |x x' - S|^2 is that of |x|^4, less n |S|^2.
  const double error = (rows.rowwise().squaredNorm().array().square().sum() / n - size) / n;
  if (!(distance > 0)) return 1;  // the sample covariance is that matrix already
  return std::clamp(error / distance, kLeastShrinkage, 1.0);
}

}  // namespace

Gaussian fit_gaussian(std::span<const float> embeddings, int channels) {
  DoubleMatrix rows = checked_rows(embeddings, channels);
  const auto n = static_cast<double>(rows.rows());
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  rows.rowwise() -= mean;
  Eigen::RowVectorXd deviation = (rows.colwise().squaredNorm() / n).cwiseSqrt();
  const double mean_deviation = deviation.mean();
  deviation = deviation.cwiseMax(mean_deviation > 0 ? kLeastDeviation * mean_deviation : 1.0);
  rows.array().rowwise() /= deviation.array();

  Eigen::MatrixXd covariance = rows.transpose() * rows / n;
  // Without any scatter a distance counts in the embedding's own units.
  const double mean_eigenvalue = covariance.trace() > 0 ? covariance.trace() / channels : 1.0;
  const double unit_share = shrinkage(rows, covariance, mean_eigenvalue);
  covariance *= 1 - unit_share;
  covariance.diagonal().array() += unit_share * mean_eigenvalue;
  const Eigen::LLT<Eigen::MatrixXd> cholesky(covariance);
  if (cholesky.info() != Eigen::Success)
    throw NumericError("early embeddings", "their covariance has no inverse", "images that differ");
  const Eigen::MatrixXd factor = cholesky.matrixL();

  Gaussian result;
  result.channels = channels;
  for (Eigen::Index i = 0; i < channels; ++i) {
    result.mean.push_back(static_cast<float>(mean[i]));
    for (Eigen::Index j = 0; j <= i; ++j) result.factor.push_back(static_cast<float>(deviation[i] * factor(i, j)));
  }
  return result;
}

}  // namespace dermdistill
