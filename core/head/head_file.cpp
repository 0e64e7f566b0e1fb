#include "core/head/head_file.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/io/safetensors.h"

namespace dermdistill {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "dermdistill.head";
constexpr int kVersion = 1;
constexpr char kExpectedFile[] = "a head file written by this program";
constexpr char kWeight[] = "weight", kBias[] = "bias", kMeans[] = "new_class_means";

json by_class(const std::vector<std::string>& classes, const std::vector<std::int64_t>& counts) {
  json result = json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) result[classes[i]] = counts[i];
  return result;
}

[[noreturn]] void refuse(std::string_view name, const std::string& problem, std::string_view expected = kExpectedFile) {
  throw FormatError(name, problem, expected);
}

const json& field(const json& card, const char* key, json::value_t type, std::string_view name) {
  const auto found = card.find(key);
  const bool number = type == json::value_t::number_float && found != card.end() && found->is_number();
  if (found == card.end() || (found->type() != type && !number))
    refuse(name, std::string("the head's card has no usable field ") + key);
  return *found;
}

std::vector<std::string> texts(const json& card, const char* key, std::string_view name) {
  std::vector<std::string> result;
  for (const json& item : field(card, key, json::value_t::array, name)) {
    if (!item.is_string()) refuse(name, std::string("the head's card has no usable field ") + key);
    result.push_back(item.get<std::string>());
  }
  return result;
}

int whole(const json& card, const char* key, double least, double most, std::string_view name) {
  const double value = field(card, key, json::value_t::number_float, name).get<double>();
  if (!(value >= least && value <= most) || value != std::floor(value))
    refuse(name, std::string("the head's card has no usable field ") + key);
  return static_cast<int>(value);
}

HeadCard parse_card(const std::string& text, std::string_view name) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) refuse(name, "the head's card is not valid JSON");
  HeadCard card;
  card.format_version = whole(document, "format_version", 1, 1e6, name);
  if (card.format_version > kVersion)
    refuse(name,
           "the head has format version " + std::to_string(card.format_version) + " and was made by a newer program",
           "version " + std::to_string(kVersion));
  card.name = field(document, "name", json::value_t::string, name).get<std::string>();
  card.trunk_sha256 = field(document, "trunk_sha256", json::value_t::string, name).get<std::string>();
  card.classes = texts(document, "classes", name);
  card.class_names = texts(document, "class_names", name);
  card.channels = whole(document, "channels", 1, 65'536, name);
  card.shipped_classes = whole(document, "shipped_classes", 1, 10'000, name);
  card.temperature = field(document, "temperature", json::value_t::number_float, name).get<double>();
  std::vector<std::string> sorted = card.classes;
  std::sort(sorted.begin(), sorted.end());
  if (card.classes.size() < 2 || card.class_names.size() != card.classes.size() ||
      static_cast<std::size_t>(card.shipped_classes) > card.classes.size() ||
      std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    refuse(name, "the classes of the head's card do not fit each other");
  if (!(card.temperature > 0) || !std::isfinite(card.temperature))
    refuse(name, "the temperature of the head's card is " + std::to_string(card.temperature), "a positive number");
  card.training_images = field(document, "training_images", json::value_t::object, name);
  card.held_out_images = field(document, "held_out_images", json::value_t::object, name);
  card.options = field(document, "options", json::value_t::object, name);
  card.held_out = document.value("held_out", json());
  card.replayed = document.value("replayed", json());
  return card;
}

std::vector<float> tensor(const TensorFile& file, const char* key, const std::vector<std::int64_t>& shape,
                          std::string_view name) {
  const StoredTensor* found = file.find(key);
  if (!found || found->dtype != DType::F32) refuse(name, std::string("it has no float32 tensor ") + key);
  if (found->shape != shape)
    throw ShapeError(std::string(name) + ": tensor " + key, "its shape is another than the head's card says",
                     "one row a class");
  TensorFile one;
  one.tensors.push_back(*found);
  std::vector<float> values = std::move(to_state(one).front().values);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
    throw NumericError(std::string(name) + ": tensor " + key, "a value is not finite", "finite numbers");
  return values;
}

}  // namespace

json to_json(const HeadScore& score) {
  json sensitivity = json::array();
  for (const auto& value : score.sensitivity) sensitivity.push_back(value ? json(*value) : json());
  return {{"images", score.images},      {"loss", score.loss},
          {"accuracy", score.accuracy},  {"balancedAccuracy", score.balanced_accuracy},
          {"sensitivity", sensitivity},  {"counts", score.counts},
          {"confusion", score.confusion}};
}

json to_json(const HeadScores& scores) {
  return {{"before", to_json(scores.before)}, {"after", to_json(scores.after)}};
}

json to_json(const HeadCard& card) {
  return {{"format_version", card.format_version},
          {"name", card.name},
          {"trunk_sha256", card.trunk_sha256},
          {"classes", card.classes},
          {"class_names", card.class_names},
          {"shipped_classes", card.shipped_classes},
          {"channels", card.channels},
          {"temperature", card.temperature},
          {"training_images", card.training_images},
          {"held_out_images", card.held_out_images},
          {"options", card.options},
          {"held_out", card.held_out},
          {"replayed", card.replayed}};
}

HeadFile head_file_of(const HeadTrainer& trainer, const std::string& name, const std::vector<std::string>& class_names,
                      const ModelCard& shipped, const std::string& trunk_sha256,
                      const EmbeddingStatistics* statistics) {
  if (class_names.size() != trainer.classes().size())
    throw InputError("class names of the head", "there are " + std::to_string(class_names.size()),
                     std::to_string(trainer.classes().size()) + ", one a class");
  HeadFile file;
  file.head = trainer.head();
  HeadCard& card = file.card;
  card.format_version = kVersion;
  card.name = name;
  card.trunk_sha256 = trunk_sha256;
  card.classes = trainer.classes();
  card.class_names = class_names;
  card.shipped_classes = trainer.shipped().classes;
  card.channels = file.head.channels;
  card.temperature = trainer.temperature(shipped.temperature);
  card.training_images = by_class(card.classes, trainer.training_images());
  card.held_out_images = by_class(card.classes, trainer.held_out_images());
  const HeadOptions& options = trainer.options();
  card.options = {{"epochs", options.epochs},
                  {"epochs_done", trainer.epoch()},
                  {"learningRate", options.learning_rate},
                  {"batch", options.batch},
                  {"pull", options.pull},
                  {"replay", options.replay},
                  {"heldOut", options.held_out},
                  {"seed", options.seed}};
  const auto held_out = trainer.held_out_scores(), replayed = trainer.replay_scores();
  if (held_out) card.held_out = to_json(*held_out);
  if (replayed) card.replayed = to_json(*replayed);
  if (!statistics) return file;
  EmbeddingStatistics& added = file.new_classes;
  added.channels = card.channels;
  added.rank = statistics->rank;
  added.pooled_variances = statistics->pooled_variances;
  for (std::size_t label = static_cast<std::size_t>(card.shipped_classes); label < card.classes.size(); ++label) {
    const std::vector<float> embeddings = trainer.embeddings_of(static_cast<int>(label));
    if (!embeddings.empty()) add_class(added, card.classes[label], embeddings);
  }
  return file;
}

std::vector<std::byte> serialise_head(const HeadFile& file) {
  TensorFile tensors;
  json card = to_json(file.card);
  json counts = json::object();
  for (std::size_t i = 0; i < file.new_classes.classes.size(); ++i)
    counts[file.new_classes.classes[i]] = file.new_classes.counts[i];
  tensors.metadata = {{"format", kFormat},
                      {"card", card.dump(-1, ' ', false, json::error_handler_t::replace)},
                      {"new_class_counts", counts.dump(-1, ' ', false, json::error_handler_t::replace)}};
  StateDict state{{kWeight, {file.head.classes, file.head.channels}, file.head.weight},
                  {kBias, {file.head.classes}, file.head.bias}};
  if (!file.new_classes.classes.empty())
    state.push_back({kMeans,
                     {static_cast<std::int64_t>(file.new_classes.classes.size()), file.head.channels},
                     file.new_classes.means});
  add_state(tensors, state);
  return serialise_safetensors(tensors);
}

HeadFile parse_head(std::span<const std::byte> bytes, std::string_view name) {
  const TensorFile tensors = parse_safetensors(bytes, name);
  const auto format = tensors.metadata.find("format"), card = tensors.metadata.find("card");
  if (format == tensors.metadata.end() || format->second != kFormat || card == tensors.metadata.end())
    refuse(name, "it is a safetensors file, but no head");
  HeadFile file;
  file.card = parse_card(card->second, name);
  file.head.classes = static_cast<int>(file.card.classes.size());
  file.head.channels = file.card.channels;
  file.head.weight = tensor(tensors, kWeight, {file.head.classes, file.head.channels}, name);
  file.head.bias = tensor(tensors, kBias, {file.head.classes}, name);
  check_head(file.head, name);
  if (!tensors.find(kMeans)) return file;
  const auto listed = tensors.metadata.find("new_class_counts");
  const json counts = listed == tensors.metadata.end() ? json() : json::parse(listed->second, nullptr, false);
  if (!counts.is_object()) refuse(name, "its new classes have no counts");
  EmbeddingStatistics& added = file.new_classes;
  added.channels = file.head.channels;
  // The card's order: JSON objects are sorted by name.
  for (std::size_t label = static_cast<std::size_t>(file.card.shipped_classes); label < file.card.classes.size();
       ++label) {
    const auto count = counts.find(file.card.classes[label]);
    if (count == counts.end()) continue;
    if (!count->is_number_unsigned() || count->get<std::uint64_t>() == 0)
      refuse(name, "its new classes have no counts");
    added.classes.push_back(file.card.classes[label]);
    added.counts.push_back(count->get<std::int64_t>());
  }
  added.means = tensor(tensors, kMeans, {static_cast<std::int64_t>(added.classes.size()), file.head.channels}, name);
  return file;
}

}  // namespace dermdistill
