// One Gaussian over embeddings: where those of known images lie, and how far a new one is from them. Small enough to
// travel in a model's file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/safetensors.h"

namespace dermdistill {

struct Gaussian {
  int channels = 0;
  std::vector<float> mean;    // [channels]
  std::vector<float> factor;  // lower Cholesky factor of the covariance, row after row: [channels * (channels + 1) / 2]
};

/// Fits mean and full covariance to embeddings [n, channels]. The covariance of the channels in units of their standard
/// deviations is drawn toward a multiple of the unit matrix as strongly as Ledoit and Wolf (2004, "A well-conditioned
/// estimator for large-dimensional covariance matrices") find best, and at least so that it can be inverted.
/// @throws ShapeError for sizes that do not fit, InputError for fewer than two embeddings, NumericError for a value
/// that is not finite.
Gaussian fit_gaussian(std::span<const float> embeddings, int channels);

/// Mahalanobis distance of an embedding [channels] to the mean, not squared: for embeddings of the Gaussian itself
/// around the root of the number of channels. @throws ShapeError when the embedding has another length.
double mahalanobis_distance(const Gaussian& gaussian, std::span<const float> embedding);

/// As float32 tensors "mean" and "factor".
TensorFile to_tensors(const Gaussian& gaussian);
/// @throws FormatError naming what is missing, of another shape or not a usable number.
Gaussian gaussian_from_tensors(const TensorFile& file, std::string_view name);

/// The safetensors file of to_tensors() as base64 text, and back: how a model's file holds it. To the same bits.
std::string gaussian_to_text(const Gaussian& gaussian);
/// @throws FormatError as gaussian_from_tensors, and for text that is not base64.
Gaussian gaussian_from_text(std::string_view text, std::string_view name);

}  // namespace dermdistill
