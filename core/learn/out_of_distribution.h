// Does an image look like those that the model knows? Two measures that fail on different strangers: the energy of the
// logits (Liu et al. 2020) and the Mahalanobis distance of the embedding (Lee et al. 2018).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/learn/embedding_statistics.h"

namespace dermdistill {

/// Share of validation images that are kept: the rest are called strangers, wrongly.
inline constexpr double kKeptShare = 0.95;

/// -T log sum exp(logit / T) of every row of [n, classes]: high for images unlike the training set's.
/// @throws ShapeError when the logits are no such rows.
std::vector<double> energies(std::span<const float> logits, int classes, double temperature);

struct StrangerVerdict {
  double score = 0, threshold = 0;
  bool unlike = false;              // score > threshold
  double energy = 0, distance = 0;  // the parts; the distance is NaN without embedding statistics
};

/// In the score the energy counts this much beside the distance, which knows most strangers alone; noise and natural
/// pictures are found better with it, drawings and rare classes worse with more of it.
inline constexpr double kEnergyWeight = 0.1;

/// The score: each measure in units of its spread above its median on validation images, weighted and added.
class StrangerScore {
 public:
  /// From a card's out_of_distribution object, also of older versions (the energy alone), and the statistics, if any.
  /// Absent when the object holds no threshold. @throws FormatError naming `name` for one that cannot be read.
  static std::optional<StrangerScore> from(const nlohmann::json& card_entry, const EmbeddingStatistics* statistics,
                                           std::string_view name);

  /// Of one image: logits [classes], embedding [channels]. @throws ShapeError for an embedding of another length.
  StrangerVerdict operator()(std::span<const float> logits, std::span<const float> embedding) const;

 private:
  struct Measure {
    double median = 0, spread = 1, weight = 1;
  };
  StrangerScore() = default;
  friend nlohmann::json fit_stranger_score(std::span<const float>, std::span<const float>, int, double,
                                           const EmbeddingStatistics*);
  double combine(double energy, double distance) const;

  double temperature_ = 1, threshold_ = 0;
  Measure energy_, distance_;
  std::optional<MahalanobisDistance> mahalanobis_;
};

/// The card's out_of_distribution object, fitted on validation images: logits [n, classes], embeddings [n, channels].
/// Without statistics it is the energy alone. @throws ShapeError for sizes that do not fit or no images.
nlohmann::json fit_stranger_score(std::span<const float> logits, std::span<const float> embeddings, int classes,
                                  double temperature, const EmbeddingStatistics* statistics);

}  // namespace dermdistill
