// Guards against test labels that reach a student through a model which was trained on another split.
#pragma once

#include <string>

#include "core/io/model_card.h"
#include "native/train/run_config.h"

namespace dermdistill {

/// "data 3f2a61c0d5e7, rule lesion, seed 2019, ...": the images that a card's training["data"] or one of its
/// training["other_splits"] names.
std::string describe_training_images(const nlohmann::json& data);

/// Compares what `card`, of a model that the run learns or starts from, says of its training images with the run's
/// data and split. With --allow-other-split a difference is noted in `config.data.other_splits`, together with those
/// that the model itself was made with. `option` names where the model comes from.
/// @throws InputError naming both splits when they differ and this was not allowed.
void check_same_split(RunConfig& config, const ModelCard& card, const std::string& option);

}  // namespace dermdistill
