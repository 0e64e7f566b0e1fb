// What a model is worth for groups of patients: by sex, age, body site and source of the image. The data sets that are
// read here record no skin type, so nothing can be said of that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/model_card.h"
#include "core/metrics/metrics.h"
#include "core/metrics/predictions.h"
#include "native/data/dataset.h"

namespace dermdistill {

/// Groups of fewer images are counted, and nothing is said of them.
inline constexpr std::int64_t kFewestGroupImages = 30;
inline constexpr std::string_view kNotRecorded = "not recorded";

struct Subgroup {
  std::string name;
  std::int64_t images = 0, lesions = 0, melanomas = 0;  // melanomas: images of that class
  int classes = 0;                                      // that occur, over which balanced accuracy is the mean
  /// With the card's operating points, in the card's order. Absent below kFewestGroupImages.
  std::optional<MetricReport> metrics;
};

struct Grouping {
  std::string name;              // "sex", "age", "body site", "source"
  std::vector<Subgroup> groups;  // kNotRecorded last; none where the data set records nothing of it
};

struct SubgroupReport {
  Subgroup all;                     // measured however few there are
  std::vector<Grouping> groupings;  // ages under 30, 30 to 49, 50 to 69, 70 and over; the others by name
};

struct SubgroupOptions {
  std::uint64_t seed = 2019;
  int bootstrap_samples = 1000;  // by lesion; 0: no intervals
  std::string title = {};        // of the progress bar; empty: none is shown
};

/// Where the image comes from: what the metadata say, otherwise the collection that a lesion id of ISIC 2019 begins
/// with (HAM_, BCN_, MSK4_); "" where neither tells.
std::string source_of(const Sample& sample);

/// The predictions of these images alone. @throws std::out_of_range for an index that does not exist.
Predictions predictions_of(const Predictions& predictions, std::span<const int> images);

/// `predictions` are of dataset.samples, in that order. @throws ShapeError when there are not as many, Interrupted on
/// Ctrl-C, and as compute_metrics().
SubgroupReport compare_subgroups(const ModelCard& card, const Dataset& dataset, const Predictions& predictions,
                                 const SubgroupOptions& options = {});

}  // namespace dermdistill
