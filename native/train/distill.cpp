#include "native/train/distill.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "core/base/error.h"
#include "native/train/network_stage.h"
#include "native/train/run.h"
#include "native/train/run_report.h"

namespace dermdistill {
namespace {

/// What the card tells of the teachers beside the first one's hash.
void note_teachers(const DistillConfig& config, std::span<const Teacher> teachers, ModelCard& card) {
  if (teachers.empty()) return;
  if (config.teacher_orientations > 1) card.training["teacher_orientations"] = config.teacher_orientations;
  if (teachers.size() == 1) return;
  nlohmann::json all = nlohmann::json::array();
  for (const Teacher& teacher : teachers) all.push_back({{"name", teacher.card.name}, {"sha256", teacher.sha256}});
  card.training["teachers"] = std::move(all);
}

}  // namespace

void adopt_teacher_size(RunConfig& config) {
  check_config(config);
  if (!needs_teacher(config.distill.loss)) return;
  config.preprocessing = read_checkpoint(teacher_file(config.distill.teacher)).card.preprocessing;
}

void distill(const RunConfig& config, const std::filesystem::path& out, bool resume,
             const StopRequest& stop_requested) {
  Run run = open_run(config, out, resume, stop_requested);
  if (run.last && run.last->progress.finished) {
    std::fprintf(stderr, "%s is finished already\n", out.c_str());
    report_run(run);
    print_summary(run.folder);
    return;
  }
  nlohmann::json notices = nlohmann::json::array();
  Network network = start_network(run, notices);
  std::vector<Teacher> teachers;
  if (needs_teacher(run.config.distill.loss)) {
    teachers = open_teachers(run.config, run.data, run.backend);
    for (const Teacher& teacher : teachers) inherit_notices(teacher.card.notices, notices);
  }
  // Before the cache is built: an interrupted build is resumed like everything else.
  run.folder.write_config(run.config);
  ModelCard card = run.last ? run.last->card : run_card(run, notices);
  note_teachers(run.config.distill, teachers, card);
  std::unique_ptr<TeacherSource> source;
  if (!teachers.empty()) {
    const auto cache = run.config.distill.cache.empty() ? run.folder.path() / "cache" : run.config.distill.cache;
    const auto began = std::chrono::steady_clock::now();
    source = make_teacher_source(run.config, run.data, std::move(teachers), cache, run.backend, run.stop_requested);
    log_duration(run, "cache", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  NetworkStage stage(run.config, run.data, std::move(network), std::move(source), run.backend);
  std::fprintf(stderr, "student: %zu training and %zu validation images, %.0f MB of activations\n",
               run.data.train.size(), run.data.validation.size(), static_cast<double>(stage.arena_bytes()) / 1e6);
  EpochLoop loop(stage, run.folder, loop_config(run, run.config.training, std::move(card), true));
  if (run.last) loop.resume(*run.last, run.folder.last());
  loop.run();
  report_run(run);
  print_summary(run.folder);
}

}  // namespace dermdistill
