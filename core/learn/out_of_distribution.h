// Does an image look like those that the model knows? By the Mahalanobis distance (Lee et al. 2018) of its early
// embedding from one Gaussian over training images: an early map knows texture and colour, and training for longer does
// not draw it together as it does the last one.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/learn/gaussian.h"

namespace dermdistill {

/// Share of validation images that are kept: the rest are called strangers, wrongly.
inline constexpr double kKeptShare = 0.99;

/// Why a file of before this score is refused, and what to do.
inline constexpr char kBeforeEarlyEmbedding[] =
    "it was exported before the early embedding by which strange pictures are told now";
inline constexpr char kExportAgain[] =
    "a file exported again (dermdistill export, with its run or with this file as --model)";

struct StrangerVerdict {
  double score = 0, threshold = 0;
  bool unlike = false;  // score > threshold
};

class StrangerScore {
 public:
  /// From a card's out_of_distribution object and the Gaussian over early embeddings, if any. Absent when the object is
  /// empty: the model is not calibrated. @throws FormatError naming `name` for one that cannot be read or is of another
  /// score.
  static std::optional<StrangerScore> from(const nlohmann::json& card_entry, const Gaussian* gaussian,
                                           std::string_view name);

  /// Of one image's early embedding [channels]. @throws ShapeError for an embedding of another length.
  StrangerVerdict operator()(std::span<const float> early_embedding) const;

  /// Share of validation images that lie at or below the threshold.
  double kept() const { return kept_; }

 private:
  StrangerScore() = default;
  double threshold_ = 0, kept_ = 0;
  Gaussian gaussian_;
};

/// The card's out_of_distribution object, its threshold fitted on early embeddings [n, channels] of validation images.
/// @throws ShapeError for sizes that do not fit or no images.
nlohmann::json fit_stranger_score(std::span<const float> early_embeddings, const Gaussian& gaussian);

}  // namespace dermdistill
