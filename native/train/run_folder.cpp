#include "native/train/run_folder.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "core/base/error.h"
#include "native/base/files.h"

namespace dermdistill {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json parse_line(const std::string& text, const fs::path& path, std::size_t number) {
  try {
    return json::parse(text);
  } catch (const json::exception&) {
    throw FormatError(path.string() + ", line " + std::to_string(number), "is not JSON", "one object a line");
  }
}

constexpr char kLockName[] = ".lock";

/// Whether there is nothing but what an interrupted write or the lock of an earlier try left behind.
bool holds_no_files(const fs::path& folder) {
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".tmp" || entry.path().filename() == kLockName;
  });
}

void check_empty(const fs::path& folder) {
  if (!holds_no_files(folder))
    throw InputError(folder.string(), "is not empty", "a new folder, or --resume to continue the run in it");
}

}  // namespace

RunFolder RunFolder::create(const fs::path& path) {
  std::error_code problem;
  if (fs::exists(path) && !fs::is_directory(path)) throw InputError(path.string(), "is not a folder", "a new folder");
  if (fs::is_directory(path)) check_empty(path);
  fs::create_directories(path, problem);
  if (problem) throw FileError(path.string(), "cannot be made (" + problem.message() + ")");
  RunFolder folder(path);
  folder.lock();
  check_empty(path);  // once more: another process may have run in it in between
  return folder;
}

void RunFolder::lock() {
  lock_ = FileLock::try_lock(path_ / kLockName);
  if (!lock_) {
    throw InputError(path_.string(), "is being written by another dermdistill",
                     "that one to end first, or the folder of another run");
  }
}

RunFolder RunFolder::open(const fs::path& path) {
  if (!fs::exists(path / "config.json")) {
    throw InputError(path.string(), "holds no run (there is no config.json in it)", "the folder of a run to resume");
  }
  RunFolder folder(path);
  if (fs::exists(path / "log.jsonl")) {
    std::istringstream text(read_text(path / "log.jsonl"));
    std::size_t number = 0;
    for (std::string line; std::getline(text, line);)
      folder.lines_.push_back(parse_line(line, path / "log.jsonl", ++number));
  }
  return folder;
}

void RunFolder::write_config(const RunConfig& config) const {
  write_text(path_ / "config.json", to_json(config).dump(2) + "\n");
}

RunConfig RunFolder::read_config() const {
  const fs::path path = path_ / "config.json";
  try {
    return parse_run_config(json::parse(read_text(path)), path.string());
  } catch (const json::exception& error) {
    throw FormatError(path.string(), std::string("is not JSON (") + error.what() + ")");
  }
}

void RunFolder::log(const json& line) {
  lines_.push_back(line);
  write_log();
}

void RunFolder::rewind_log(const RunProgress& progress) {
  const auto first = std::find_if(lines_.begin(), lines_.end(), [&](const json& line) {
    return line.value("stage", "") == progress.stage && line.value("epoch", 0) > progress.epoch;
  });
  if (first == lines_.end()) return;
  lines_.erase(first, lines_.end());
  write_log();
}

std::map<std::string, double> RunFolder::stage_seconds() const {
  std::map<std::string, double> seconds;
  for (const json& line : lines_) seconds[line.value("stage", "other")] += line.value("seconds", 0.0);
  return seconds;
}

void RunFolder::write_log() const {
  std::string text;
  for (const json& line : lines_) text += line.dump() + "\n";
  write_text(path_ / "log.jsonl", text);
}

void print_summary(const RunFolder& folder) {
  for (const auto& [stage, seconds] : folder.stage_seconds()) {
    std::printf("%-10s %8.1f s\n", stage.c_str(), seconds);
  }
  std::printf("best model %s\nreport     %s\n", folder.best().c_str(), folder.report().c_str());
}

}  // namespace dermdistill
