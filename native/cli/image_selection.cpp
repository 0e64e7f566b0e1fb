#include "native/cli/image_selection.h"

#include <cstdio>

#include "core/base/error.h"
#include "native/cli/prediction_text.h"
#include "native/train/scoring.h"
#include "native/train/split_check.h"

namespace dermdistill {
namespace {

bool same_split(const SplitConfig& a, const SplitConfig& b) { return to_json(a) == to_json(b); }

/// The indices of the chosen part; notes split, description and warnings.
std::vector<int> chosen_indices(const Dataset& dataset, const DataOrigin& origin, const SelectionOptions& options,
                                Selection& selection) {
  selection.split = origin.split;
  if (options.split_seed) selection.split.seed = *options.split_seed;
  if (!options.split_rule.empty()) selection.split.rule = parse_split_rule(options.split_rule);

  const bool other_data = !origin.fingerprint.empty() && origin.fingerprint != dataset.fingerprint();
  if (options.part == "all") {
    selection.description = "all images";
    if (!other_data)
      selection.warnings.push_back("all images hold those that the model was trained on, if this is its data set");
    return all_indices(dataset);
  }
  if (origin.split_known && !same_split(selection.split, origin.split)) {
    if (!options.allow_other_split) {
      throw InputError("split " + describe(selection.split),
                       "contradicts the model's: it was trained with the split " + describe(origin.split) +
                           ", so images of its training would be among these",
                       "neither --split-seed nor --split-rule, or --allow-other-split as well");
    }
    selection.warnings.push_back("the model was trained with another split (" + describe(origin.split) +
                                 "), so images of its training are among these");
  }
  const Part part = parse_part(options.part);
  selection.description = std::string(to_string(part)) + " part, split " + describe(selection.split);
  if (part == Part::Train) selection.warnings.push_back("these are the images of the training");
  if (other_data)
    selection.warnings.push_back("this is not the data set that the model was trained on, or it was changed since");
  if (leaks(selection.split.rule))
    selection.warnings.push_back(
        "a split by image leaks: images of one lesion are on both sides, and figures are too good");
  return split_dataset(dataset, selection.split).part(part);
}

/// What the model knows beside its own training part, by way of a teacher or of initial weights.
void add_known_images(const ModelCard& card, std::vector<std::string>& warnings) {
  if (!card.training.is_object() || !card.training.contains("other_splits")) return;
  for (const auto& other : card.training.at("other_splits")) {
    warnings.push_back("the model learned from one that was trained on another split (" +
                       describe_training_images(other) + "), which may have seen these images");
  }
}

}  // namespace

void add_selection_options(CLI::App& command, SelectionOptions& options) {
  command.add_option("--data", options.data, "The data set")->required()->type_name("DIR");
  command.add_option("--model", options.model, "A student.onnx, a run folder or a .safetensors checkpoint")
      ->required()
      ->type_name("MODEL");
  command.add_option("--split", options.part, "Which part of the data set")
      ->check(CLI::IsMember({"test", "validation", "train", "all"}))
      ->capture_default_str();
  command.add_option("--split-seed", options.split_seed, "Seed of the split; the default is the model's own");
  command.add_option("--split-rule", options.split_rule, "lesion, or image (leaks); the default is the model's own")
      ->check(CLI::IsMember({"lesion", "image"}));
  command.add_flag("--allow-other-split", options.allow_other_split,
                   "Accept a split other than the model's own, though it mixes images of its training in");
}

Selection select_images(const SelectionOptions& options, const ModelCard& card) {
  const Dataset loaded = load_dataset(options.data);
  warn_of_incomplete_rows(loaded);
  Selection selection;
  const std::vector<int> indices = chosen_indices(loaded, data_origin(options.model, card), options, selection);
  KnownImages known = with_classes(loaded, indices, card.classes);
  selection.dataset = std::move(known.dataset);
  if (known.left_out > 0) selection.warnings.push_back(left_out_text(known.left_out));
  add_known_images(card, selection.warnings);
  if (card.operating_points.empty()) selection.warnings.push_back(kNotCalibrated);
  for (const std::string& warning : selection.warnings)
    std::fprintf(stderr, "dermdistill: warning: %s\n", warning.c_str());
  if (selection.dataset.samples.empty())
    throw InputError("data " + options.data, "its " + options.part + " part has no images", "images to measure on");
  return selection;
}

nlohmann::ordered_json to_json(const SelectionOptions& options, const Selection& selection) {
  return {{"model", options.model},
          {"data", options.data},
          {"part", options.part},
          {"split", to_json(selection.split)},
          {"warnings", selection.warnings}};
}

}  // namespace dermdistill
