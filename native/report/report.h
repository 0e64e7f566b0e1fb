// Reports a person reads: one HTML file each, with everything inside it and nothing fetched from anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/metrics/metrics.h"

namespace dermdistill {

struct EvaluationReport {
  std::string title;            // "MobileNetV2 by ssd-kd"; may be empty
  std::string model;            // path or name
  std::string data_set;         // path or name
  std::string split;            // "test, by lesion (80/10/10)"
  std::uint64_t seed = 0;       // of the split
  bool split_by_image = false;  // images of one lesion may be on both sides: the report warns
  std::vector<std::pair<std::string, std::string>> facts;  // further rows of the table "What was evaluated"

  Predictions predictions;  // calibrated, as metrics were computed from
  MetricReport metrics;
  double temperature = 1.0;
  std::optional<Reliability> before_temperature;

  int worst_mistakes = 24;
  /// The bytes of image i's file, asked for only for the worst mistakes; empty bytes or an exception: no thumbnail.
  std::function<std::vector<std::byte>(int)> read_image;
};

/// Reads config.json and log.jsonl of a run folder and writes its report.html. Stages ("teacher", "head", "student"),
/// loss terms and validation metrics are whatever the log holds. The best epoch is the one with the highest validation
/// metric that the configuration's "best_by" names (balanced accuracy, then accuracy, when it names none). A finished
/// run adds how its best model does on the validation part.
/// @throws FileError when a file is missing, FormatError naming the line that is not what a log line must be; for
/// `validation` as write_evaluation_report().
void write_training_report(const std::filesystem::path& run_folder, const EvaluationReport* validation = nullptr);

/// @throws FileError, InputError when predictions and metrics do not belong together.
void write_evaluation_report(const std::filesystem::path& html, const EvaluationReport& report);

/// The same as text, for tests and other uses.
std::string training_report_html(const std::filesystem::path& run_folder, const EvaluationReport* validation = nullptr);
std::string evaluation_report_html(const EvaluationReport& report);

/// A wrong prediction. `confidence` is the probability of the predicted class.
struct Mistake {
  int image = 0, label = 0, predicted = 0;
  double confidence = 0;
};
/// At most `count`: first missed melanomas, then the rest, each by falling confidence (then by place).
std::vector<Mistake> worst_mistakes(const Predictions& predictions, int count);

}  // namespace dermdistill
