// Runs small enough for tests: MobileNetV2 of width 0.25 on synthetic pictures at 32 px.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "native/train/epoch_loop.h"
#include "native/train/network_stage.h"
#include "native/train/run_config.h"
#include "tests/support/paths.h"

namespace dermdistill::testing {

/// 80 synthetic pictures in the ISIC layout, made once a process.
const std::filesystem::path& tiny_data();
/// A finished teacher run with a head, trained once a process.
const std::filesystem::path& tiny_teacher();

/// Another teacher on the same split, hardly trained and without a head; made in `out`.
void train_other_teacher(const std::filesystem::path& out, const std::function<void(RunConfig&)>& change = {});

RunConfig tiny_teach_config();
RunConfig tiny_distill_config(Method method);

/// Asks to stop after so many questions.
StopRequest stop_after(int steps);

/// What `action` throws as text; empty when it throws nothing.
std::string message_of(const std::function<void()>& action);

/// A student's stage on tiny data with the teacher asked online, or read from a cache in `cache`.
struct TinyStudent {
  explicit TinyStudent(const RunConfig& config, const std::filesystem::path& cache = {});
  RunConfig config;
  TrainingData data;
  const Backend& backend;
  std::unique_ptr<NetworkStage> stage;
};

}  // namespace dermdistill::testing
