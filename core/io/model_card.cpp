#include "core/io/model_card.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/image/view_orientation.h"

namespace dermdistill {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 2;  // 2: orientations

// The decimal number of fewest digits that is this float: 0.485f becomes 0.485 and not 0.48500001430511475.
double shortest(float value) {
  for (double scale = 1; scale < 1e12; scale *= 10) {
    const double rounded = std::round(static_cast<double>(value) * scale) / scale;
    if (static_cast<float>(rounded) == value) return rounded;
  }
  return value;
}

json channels_to_json(const std::array<float, 3>& values) {
  return {shortest(values[0]), shortest(values[1]), shortest(values[2])};
}

// Reads fields of one object; messages name the field by its path ("preprocessing.mean").
class FieldReader {
 public:
  FieldReader(const json& object, std::string_view file, std::string path)
      : object_(object), file_(file), path_(std::move(path)) {
    if (!object.is_object())
      throw FormatError(file_, (path_.empty() ? "the model card" : path_) + " is not an object", "an object");
  }

  const json& at(const char* field) const {
    const auto found = object_.find(field);
    if (found == object_.end()) throw FormatError(file_, "the model card lacks the field " + path_of(field));
    return *found;
  }

  std::string text(const char* field) const {
    const json& value = at(field);
    if (!value.is_string()) fail(field, "text");
    return value.get<std::string>();
  }

  double number(const char* field) const {
    const json& value = at(field);
    if (!value.is_number()) fail(field, "a number");
    return value.get<double>();
  }

  double positive(const char* field) const {
    const double value = number(field);
    if (!(value > 0) || !std::isfinite(value)) fail(field, "a positive number");
    return value;
  }

  double share(const char* field) const {
    const double value = number(field);
    if (!(value >= 0 && value <= 1)) fail(field, "a number from 0 to 1");
    return value;
  }

  int whole(const char* field, int least, int most) const {
    const json& value = at(field);
    if (!value.is_number_integer() || value.get<double>() < least || value.get<double>() > most)
      fail(field, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return value.get<int>();
  }

  std::vector<std::string> texts(const char* field) const {
    const json& value = at(field);
    std::vector<std::string> result;
    if (!value.is_array()) fail(field, "an array of text");
    for (const json& item : value) {
      if (!item.is_string()) fail(field, "an array of text");
      result.push_back(item.get<std::string>());
    }
    return result;
  }

  std::array<float, 3> channels(const char* field) const {
    const json& value = at(field);
    std::array<float, 3> result{};
    if (!value.is_array() || value.size() != 3) fail(field, "three numbers");
    for (std::size_t i = 0; i < 3; ++i) {
      if (!value[i].is_number() || !std::isfinite(value[i].get<float>())) fail(field, "three numbers");
      result[i] = value[i].get<float>();
    }
    return result;
  }

  json free_form(const char* field, const json& fallback) const {
    const auto found = object_.find(field);
    return found == object_.end() ? fallback : *found;
  }

  [[noreturn]] void fail(const char* field, std::string_view expected) const {
    throw FormatError(file_, "the model card's field " + path_of(field) + " does not fit", expected);
  }

 private:
  std::string path_of(const char* field) const { return path_.empty() ? field : path_ + "." + field; }

  const json& object_;
  std::string_view file_;
  std::string path_;
};

Preprocessing parse_preprocessing(const FieldReader& reader) {
  Preprocessing result;
  result.size = reader.whole("size", 1, 4096);
  result.mean = reader.channels("mean");
  result.std = reader.channels("std");
  if (std::any_of(result.std.begin(), result.std.end(), [](float value) { return !(value > 0); }))
    reader.fail("std", "three positive numbers");
  // Cards of before this field have none.
  if (!reader.free_form("detail", nullptr).is_null()) result.detail = reader.whole("detail", 0, 4096);
  const std::string rule = reader.text("resize");
  try {
    result.rule = parse_resize_rule(rule);
  } catch (const InputError&) {
    reader.fail("resize", "squash or crop-shorter-side, not \"" + rule + "\"");
  }
  return result;
}

std::vector<OperatingPoint> parse_operating_points(const json& array, std::string_view name) {
  if (!array.is_array()) throw FormatError(name, "the model card's field operating_points does not fit", "an array");
  std::vector<OperatingPoint> points;
  for (const json& item : array) {
    const FieldReader reader(item, name, "operating_points[" + std::to_string(points.size()) + "]");
    points.push_back(
        {reader.text("target"), reader.share("threshold"), reader.share("sensitivity"), reader.share("specificity")});
  }
  return points;
}

void check_classes(const ModelCard& card, const FieldReader& reader) {
  std::vector<std::string> sorted = card.classes;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    reader.fail("classes", "at least one class, each once");
  if (card.class_names.size() != card.classes.size())
    reader.fail("class_names", "as many as classes: " + std::to_string(card.classes.size()));
}

}  // namespace

std::string to_json_text(const ModelCard& card) {
  json points = json::array();
  for (const OperatingPoint& point : card.operating_points)
    points.push_back({{"target", point.target},
                      {"threshold", point.threshold},
                      {"sensitivity", point.sensitivity},
                      {"specificity", point.specificity}});
  nlohmann::ordered_json document;
  document["format_version"] = card.orientations > 1 ? std::max(card.format_version, 2) : card.format_version;
  document["name"] = card.name;
  document["architecture"] = card.architecture;
  document["width"] = card.width;
  document["classes"] = card.classes;
  document["class_names"] = card.class_names;
  document["preprocessing"] = json{{"size", card.preprocessing.size},
                                   {"mean", channels_to_json(card.preprocessing.mean)},
                                   {"std", channels_to_json(card.preprocessing.std)},
                                   {"resize", to_string(card.preprocessing.rule)},
                                   {"detail", card.preprocessing.detail}};
  document["orientations"] = card.orientations;
  document["temperature"] = card.temperature;
  document["operating_points"] = points;
  document["metrics"] = card.metrics;
  document["training"] = card.training;
  document["notices"] = card.notices;
  document["out_of_distribution"] = card.out_of_distribution;
  document["weights_sha256"] = card.weights_sha256;
  if (!card.trunk_sha256.empty()) document["trunk_sha256"] = card.trunk_sha256;
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

ModelCard parse_model_card(std::string_view text, std::string_view name) {
  json document;
  try {
    document = json::parse(text.begin(), text.end());
  } catch (const json::exception&) {
    throw FormatError(name, "the model card is not valid JSON", "a JSON object in UTF-8");
  }
  const FieldReader reader(document, name, "");
  ModelCard card;
  card.format_version = reader.whole("format_version", 1, 1'000'000);
  if (card.format_version > kFormatVersion)
    throw FormatError(
        name,
        "the model card has format version " + std::to_string(card.format_version) + " and was made by a newer program",
        "version " + std::to_string(kFormatVersion));
  card.name = reader.text("name");
  card.architecture = reader.text("architecture");
  card.width = reader.positive("width");
  card.classes = reader.texts("classes");
  card.class_names = reader.texts("class_names");
  check_classes(card, reader);
  card.preprocessing = parse_preprocessing(FieldReader(reader.at("preprocessing"), name, "preprocessing"));
  // Cards of before this field have none.
  if (document.contains("orientations")) card.orientations = reader.whole("orientations", 1, 8);
  if (!is_orientation_count(card.orientations)) reader.fail("orientations", "1, 2, 4 or 8");
  card.temperature = reader.positive("temperature");
  card.operating_points = parse_operating_points(reader.at("operating_points"), name);
  card.metrics = reader.free_form("metrics", json::object());
  card.training = reader.free_form("training", json::object());
  card.notices = reader.free_form("notices", json::array());
  card.out_of_distribution = reader.free_form("out_of_distribution", json::object());
  card.weights_sha256 = reader.text("weights_sha256");
  if (document.contains("trunk_sha256")) card.trunk_sha256 = reader.text("trunk_sha256");
  return card;
}

const std::vector<std::string>& isic_classes() {
  static const std::vector<std::string> classes{"MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"};
  return classes;
}

std::string full_class_name(std::string_view code) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{
      {{"MEL", "Melanoma"},
       {"NV", "Melanocytic nevus"},
       {"BCC", "Basal cell carcinoma"},
       {"AK", "Actinic keratosis"},
       {"BKL", "Keratosis-like lesion"},  // the official name starts with a word that a result must not show
       {"DF", "Dermatofibroma"},
       {"VASC", "Vascular lesion"},
       {"SCC", "Squamous cell carcinoma"}}};
  for (const auto& [known, full] : kNames)
    if (known == code) return std::string(full);
  return std::string(code);
}

}  // namespace dermdistill
