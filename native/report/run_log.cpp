#include "native/report/run_log.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace dermdistill {
namespace {

using Json = nlohmann::ordered_json;  // terms stay in the order in which they were logged

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

class LineReader {
 public:
  LineReader(std::string_view name, std::size_t line, std::string_view text)
      : thing_(std::string(name) + " line " + std::to_string(line)) {
    json_ = Json::parse(text, nullptr, false);
    if (json_.is_discarded()) throw FormatError(thing_, "not JSON: " + shortened(text), "one JSON object");
    if (!json_.is_object()) throw FormatError(thing_, std::string("is a JSON ") + json_.type_name(), "a JSON object");
  }

  std::string text(const char* field) const {
    if (!json_.contains(field)) return {};
    if (!json_[field].is_string()) throw FormatError(thing_, wrong_type(field, json_[field]), "text");
    return json_[field];
  }

  std::optional<double> number(const char* field) const {
    if (!json_.contains(field) || json_[field].is_null()) return std::nullopt;
    if (!json_[field].is_number()) throw FormatError(thing_, wrong_type(field, json_[field]), "a number");
    return json_[field].get<double>();
  }

  bool tells_of_an_epoch() const {
    return json_.contains("epoch") || json_.contains("train") || json_.contains("validation");
  }

  int epoch(int fallback) const {
    const auto value = number("epoch");
    if (!value) return fallback;
    if (*value < 0 || *value > 1e9 || *value != std::floor(*value)) {
      throw FormatError(thing_, "\"epoch\" is " + json_["epoch"].dump(), "a whole number from 0 on");
    }
    return static_cast<int>(*value);
  }

  std::vector<std::pair<std::string, double>> numbers(const char* field) const {
    std::vector<std::pair<std::string, double>> values;
    if (!json_.contains(field) || json_[field].is_null()) return values;
    if (!json_[field].is_object()) throw FormatError(thing_, wrong_type(field, json_[field]), "an object of numbers");
    for (const auto& [key, value] : json_[field].items()) {
      if (!value.is_number() && !value.is_null()) {
        throw FormatError(thing_, wrong_type(std::string(field) + "." + key, value), "a number");
      }
      values.emplace_back(key, value.is_null() ? kNoNumber : value.get<double>());
    }
    return values;
  }

 private:
  static std::string wrong_type(const std::string& field, const Json& value) {
    return "\"" + field + "\" is of type " + value.type_name();
  }
  static std::string shortened(std::string_view text) {
    constexpr std::size_t kShown = 60;
    return std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
  }

  std::string thing_;
  Json json_;
};

LoggedStage& stage_called(std::vector<LoggedStage>& stages, const std::string& name) {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&](const LoggedStage& stage) { return stage.name == name; });
  if (found != stages.end()) return *found;
  return stages.emplace_back(LoggedStage{name, {}, 0});
}

using NamedValues = std::vector<std::pair<std::string, double>>;

std::vector<std::string> names_in_order(const LoggedStage& stage, NamedValues LoggedEpoch::*field) {
  std::vector<std::string> names;
  for (const LoggedEpoch& epoch : stage.epochs) {
    for (const auto& [name, value] : epoch.*field) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

}  // namespace

std::vector<LoggedStage> parse_run_log(std::string_view text, std::string_view name) {
  std::vector<LoggedStage> stages;
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const LineReader reader(name, line_number, line);
    LoggedStage& stage = stage_called(stages, reader.text("stage"));
    if (!reader.tells_of_an_epoch()) {
      stage.other_seconds += reader.number("seconds").value_or(0);
      continue;
    }
    LoggedEpoch epoch;
    epoch.epoch = reader.epoch(static_cast<int>(stage.epochs.size()) + 1);
    epoch.learning_rate = reader.number("learning_rate");
    epoch.seconds = reader.number("seconds");
    epoch.train = reader.numbers("train");
    epoch.validation = reader.numbers("validation");
    stage.epochs.push_back(std::move(epoch));
  }
  return stages;
}

double logged_value(const NamedValues& values, std::string_view name) {
  const auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.first == name; });
  return found == values.end() ? kNoNumber : found->second;
}

std::vector<std::string> train_terms(const LoggedStage& stage) { return names_in_order(stage, &LoggedEpoch::train); }

std::vector<std::string> validation_metrics(const LoggedStage& stage) {
  return names_in_order(stage, &LoggedEpoch::validation);
}

}  // namespace dermdistill
