// Parts of a data set for training, validation and testing, such that no lesion is in two of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "native/data/dataset.h"

namespace dermdistill {

enum class SplitRule { ByLesion, ByImage };
std::string_view to_string(SplitRule rule);         // "lesion", "image"
SplitRule parse_split_rule(std::string_view text);  // @throws InputError
/// True for the split by image: images of one lesion are in several parts, so that test figures are too good.
constexpr bool leaks(SplitRule rule) { return rule == SplitRule::ByImage; }
/// For reports and tables: "by lesion", or "by image (leaks: ...)".
std::string describe(SplitRule rule);

enum class Part { Train, Validation, Test };
std::string_view to_string(Part part);   // "train", "validation", "test"
Part parse_part(std::string_view text);  // also "val"; @throws InputError

struct SplitConfig {
  SplitRule rule = SplitRule::ByLesion;
  std::uint64_t seed = 2019;
  double validation = 0.1, test = 0.1;  // shares of all images
  int folds = 0, fold = 0;              // folds >= 2: the test part is fold `fold` of `folds`, and `test` is not used
};
/// "by lesion, seed 2019" or "by lesion, seed 2019, fold 0 of 5".
std::string describe(const SplitConfig& config);
nlohmann::json to_json(const SplitConfig& config);  // a leaking split says so
SplitConfig split_config_from_json(const nlohmann::json& json);

/// Indices into Dataset::samples, each ascending.
struct Split {
  std::vector<int> train, validation, test;
  const std::vector<int>& part(Part which) const;
};

/// Stratified by class; depends on ids, labels, lesions and the configuration alone, neither on the order of rows and
/// files nor on which files are present. A class with at least three lesions is in every part.
/// @throws InputError for a class without images, shares that leave nothing to train on, a fold that does not exist.
Split split_dataset(const Dataset& dataset, const SplitConfig& config);

/// counts[class] of the images with these indices.
std::vector<std::int64_t> counts_of(const Dataset& dataset, std::span<const int> indices);

}  // namespace dermdistill
