// A trained head as a file: safetensors with two tensors, and what is known of it as JSON in its metadata.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/head/head_trainer.h"
#include "core/io/model_card.h"

namespace dermdistill {

struct HeadCard {
  int format_version = 1;
  std::string name;
  std::string trunk_sha256;  // of the trunk it was trained on; it fits no other
  std::vector<std::string> classes, class_names;
  int shipped_classes = 0;  // the first ones; the rest are new
  int channels = 0;
  double temperature = 1;
  nlohmann::json training_images = nlohmann::json::object();  // by class
  nlohmann::json held_out_images = nlohmann::json::object();
  nlohmann::json options = nlohmann::json::object();
  nlohmann::json held_out, replayed;  // {"before", "after"}, or null
};

struct HeadFile {
  HeadCard card;
  LinearHead head;
  EmbeddingStatistics new_classes;  // of the classes behind the shipped ones; without classes where there are none
};

nlohmann::json to_json(const HeadCard& card);
/// camelCase names, as the page's declaration has them.
nlohmann::json to_json(const HeadScore& score);
nlohmann::json to_json(const HeadScores& scores);

/// What a trainer has reached. `statistics` are the model's, may be null, and give new classes their scatter.
/// @throws InputError when there are not as many class names as classes.
HeadFile head_file_of(const HeadTrainer& trainer, const std::string& name, const std::vector<std::string>& class_names,
                      const ModelCard& shipped, const std::string& trunk_sha256, const EmbeddingStatistics* statistics);

/// The same bytes for the same head.
std::vector<std::byte> serialise_head(const HeadFile& file);

/// @throws FormatError saying why the bytes are no head file, ShapeError and NumericError for its tensors.
HeadFile parse_head(std::span<const std::byte> bytes, std::string_view name);

/// @throws InputError when the head belongs to another trunk, or its classes do not begin with the shipped ones.
void require_fits(const HeadFile& file, const ModelCard& shipped, const std::string& trunk_sha256, int channels,
                  std::string_view name);

/// @throws InputError when `classes` do not begin with the shipped ones or name one twice.
void require_classes(const std::vector<std::string>& shipped, const std::vector<std::string>& classes);

/// The card of the shipped model with this head: classes and temperature are the head's; operating points and metrics
/// of the shipped classifier are left out, for they hold no more; training.personalised says what was done.
ModelCard personalised_card(const ModelCard& shipped, const HeadFile& file);

/// The model's statistics with those of the head's new classes appended.
EmbeddingStatistics personalised_statistics(const EmbeddingStatistics& shipped, const HeadFile& file);

}  // namespace dermdistill
