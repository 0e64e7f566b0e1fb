// What a model file keeps of its training images: where each class's embeddings lie and how they scatter. Small enough
// to travel, enough to draw embeddings like them, which a head that is trained further replays.
//
// Model of class c (a factor analysis): x = mean_c + scale * (sum_r z_r basis_r + noise), with z_r of variance
// variances[c, r] and noise of variance spread_c * residual, channel by channel; scale, basis and residual are shared.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/io/safetensors.h"

namespace dermdistill {

inline constexpr int kStatisticsRank = 24;  // a file of about 85 KB for 8 classes of 1280 channels

struct EmbeddingStatistics {
  int channels = 0, rank = 0;
  std::vector<std::string> classes;
  std::vector<std::int64_t> counts;     // [classes], images that were fitted; 0: no statistics of this class
  std::vector<float> means;             // [classes, channels]
  std::vector<float> scale;             // [channels], standard deviation within classes
  std::vector<float> basis;             // [rank, channels], orthonormal, in units of `scale`
  std::vector<float> variances;         // [classes, rank]
  std::vector<float> pooled_variances;  // [rank], over all classes
  std::vector<float> residual;          // [channels], in units of `scale` squared
  std::vector<float> spread;            // [classes]
};

/// Fits them to embeddings [n, channels] with labels [n]. The rank is kStatisticsRank, or less for few embeddings.
/// @throws ShapeError for sizes that do not fit, InputError for a label outside the classes or fewer than two
/// embeddings, NumericError for a value that is not finite.
EmbeddingStatistics fit_embedding_statistics(std::span<const float> embeddings, std::span<const int> labels,
                                             const std::vector<std::string>& classes, int channels);

/// Appends a class of which only a few embeddings [n, channels] are known: their mean, and the scatter that all classes
/// share. @throws as fit_embedding_statistics; InputError for a class that is there already.
void add_class(EmbeddingStatistics& statistics, const std::string& name, std::span<const float> embeddings);

/// Overwrites `out` [channels] with an embedding of a class. Its mean and covariance are the model's; along single
/// channels the noise is of two values, of which a head sees only sums. @throws InputError for a class without
/// statistics, ShapeError for another length.
void sample_embedding(const EmbeddingStatistics& statistics, int label, Random& random, std::span<float> out);

/// As half-precision tensors with counts and classes in the metadata.
TensorFile to_tensors(const EmbeddingStatistics& statistics);
/// @throws FormatError naming what is missing, of another shape or not a usable number.
EmbeddingStatistics statistics_from_tensors(const TensorFile& file, std::string_view name);

/// The safetensors file of to_tensors() as base64 text, and back: how a model's file holds it.
std::string statistics_to_text(const EmbeddingStatistics& statistics);
/// @throws FormatError as statistics_from_tensors, and for text that is not base64.
EmbeddingStatistics statistics_from_text(std::string_view text, std::string_view name);

}  // namespace dermdistill
