// The options that teach and distill share. Each is noted as a change of a configuration: the recipe comes first, then
// what the user gave; a resumed run takes its config.json, and an option that contradicts it is an error.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "native/train/run_config.h"

namespace dermdistill {

/// Paths are stored as absolute ones, so that a run can be resumed and exported from any folder.
std::filesystem::path absolute_path(const std::string& path);

class RunOptions {
 public:
  /// Adds the shared options. `kind` is "teacher" or "student".
  RunOptions(CLI::App& command, std::string kind);

  /// Adds an option that sets the field `access` names; its default is the laptop recipe's.
  template <typename T>
  CLI::Option* add(const std::string& flag, const std::string& description,
                   const std::function<T&(RunConfig&)>& access) {
    RunConfig defaults = recipe_config(kind_, "laptop");
    return add_change<T>(flag, description, [access](RunConfig& config, const T& value) { access(config) = value; })
        ->default_str(CLI::detail::to_string(access(defaults)));
  }
  /// Adds an option that changes the configuration in any way.
  template <typename T>
  CLI::Option* add_change(const std::string& flag, const std::string& description,
                          const std::function<void(RunConfig&, const T&)>& change) {
    return command_.add_option_function<T>(
        flag,
        [this, flag, change](const T& value) {
          changes_.emplace_back(flag, [change, value](RunConfig& config) { change(config, value); });
        },
        description);
  }
  CLI::Option* add_flag(const std::string& flag, const std::string& description,
                        const std::function<void(RunConfig&)>& change);

  /// The options of one stage: --epochs, --batch, ... or, for the prefix "head-", --head-epochs, ...
  void add_stage(const std::string& prefix, const std::string& group,
                 const std::function<StageConfig&(RunConfig&)>& access);

  /// What the command line says. @throws InputError naming an option that contradicts the run that is resumed.
  RunConfig resolve() const;

  const std::string& out() const { return out_; }
  bool resume() const { return resume_; }
  /// Whether the user gave this option.
  bool given(const std::string& flag) const;

 private:
  RunConfig resolve_resumed() const;

  CLI::App& command_;
  std::string kind_, recipe_ = "laptop", out_;
  bool resume_ = false;
  std::vector<std::pair<std::string, std::function<void(RunConfig&)>>> changes_;
};

}  // namespace dermdistill
