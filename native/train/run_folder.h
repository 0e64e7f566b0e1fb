// The folder of a run: config.json, log.jsonl, best.safetensors, last.safetensors, report.html.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "native/base/file_lock.h"
#include "native/train/checkpoint.h"
#include "native/train/run_config.h"

namespace dermdistill {

class RunFolder {
 public:
  /// Makes the folder and locks it. @throws InputError when it exists and has files: nothing is ever overwritten by a
  /// new run.
  static RunFolder create(const std::filesystem::path& path);
  /// @throws InputError when there is no run in it.
  static RunFolder open(const std::filesystem::path& path);

  /// Keeps other processes from writing this run, as long as this lives. @throws InputError when one does so already.
  void lock();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }
  std::filesystem::path report() const { return path_ / "report.html"; }

  void write_config(const RunConfig& config) const;
  RunConfig read_config() const;

  /// Appends one line, on disk when this returns.
  void log(const nlohmann::json& line);
  /// Drops what was logged at or after the point at which `progress` resumes, as it will be logged again.
  void rewind_log(const RunProgress& progress);
  /// Seconds that each stage has taken so far, over all times the run was resumed.
  std::map<std::string, double> stage_seconds() const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  void write_log() const;

  std::filesystem::path path_;
  std::optional<FileLock> lock_;
  std::vector<nlohmann::json> lines_;
};

/// What the user sees at the end of a command: time of each stage, where the results are.
void print_summary(const RunFolder& folder);

}  // namespace dermdistill
