// Which images of a data set a command measures a model on, and what makes its figures too good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/io/model_card.h"
#include "native/data/dataset.h"
#include "native/data/split.h"

namespace dermdistill {

struct SelectionOptions {
  std::string data, model, part = "test", split_rule;
  std::optional<std::uint64_t> split_seed;
  bool allow_other_split = false;
};

/// --data, --model, --split, --split-seed, --split-rule and --allow-other-split.
void add_selection_options(CLI::App& command, SelectionOptions& options);

/// What a help text says of the split at its end.
inline constexpr char kSplitHelp[] =
    "The split is the one that the model was trained with, so that test images stay test images.";

struct Selection {
  Dataset dataset;  // the chosen images alone, with labels that index the model's classes
  SplitConfig split;
  std::string description;            // "test part, split by lesion, seed 2019"
  std::vector<std::string> warnings;  // what makes the figures too good, or less than whole
};

/// Reads the data set and prints the warnings to stderr. @throws InputError for a split that contradicts the model's,
/// and when no image is left; as load_dataset(), with_classes() and data_origin().
Selection select_images(const SelectionOptions& options, const ModelCard& card);

/// {"model", "data", "part", "split", "warnings"}: how a command's JSON begins.
nlohmann::ordered_json to_json(const SelectionOptions& options, const Selection& selection);

}  // namespace dermdistill
