// log.jsonl of a run folder: one JSON object an epoch.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dermdistill {

struct LoggedEpoch {
  int epoch = 0;  // as logged; counted from 1 within the stage where the line does not say
  std::optional<double> learning_rate, seconds;
  std::vector<std::pair<std::string, double>> train, validation;  // NaN for null: the number was not finite
};

struct LoggedStage {
  std::string name;  // "teacher", "head", "student"; empty where the log does not say
  std::vector<LoggedEpoch> epochs;
  double other_seconds = 0;  // of lines that tell of no epoch, such as the making of a cache
};

/// Stages by first appearance. Empty lines are passed over. @param name for messages: the path of the file.
/// @throws FormatError naming the line and the field.
std::vector<LoggedStage> parse_run_log(std::string_view text, std::string_view name);

/// The value of a term or metric, or NaN.
double logged_value(const std::vector<std::pair<std::string, double>>& values, std::string_view name);
/// The names of all terms (or metrics) of a stage, by first appearance.
std::vector<std::string> train_terms(const LoggedStage& stage);
std::vector<std::string> validation_metrics(const LoggedStage& stage);

}  // namespace dermdistill
