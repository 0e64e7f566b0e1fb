// What a run refuses before it costs time, and what it keeps when something fails on the way.
#include <algorithm>
#include <fstream>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/train/distill.h"
#include "native/train/run.h"
#include "native/train/run_folder.h"
#include "native/train/split_check.h"
#include "native/train/teach.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

using testing::message_of;

/// A finished run of one epoch with its own split.
void train_once(const std::filesystem::path& out) {
  RunConfig config = testing::tiny_distill_config(Method::Ce);
  config.training.epochs = 1;
  distill(config, out, false, {});
}

}  // namespace

TEST_CASE("A teacher that was trained on another split is refused unless this is allowed, and then noted") {
  const testing::TemporaryFolder folder;
  RunConfig config = testing::tiny_distill_config(Method::Kd);
  config.training.epochs = 1;
  config.data.split.seed = 7;
  config.data.allow_other_split = false;
  CHECK_THAT(message_of([&] { distill(config, folder.path() / "refused", false, {}); }),
             Catch::Contains("--teacher") && Catch::Contains("seed 2019") && Catch::Contains("seed 7") &&
                 Catch::Contains("--allow-other-split"));
  config.data.allow_other_split = true;
  const auto out = folder.path() / "allowed";
  distill(config, out, false, {});
  const RunConfig stored = RunFolder::open(out).read_config();
  CHECK(stored.data.allow_other_split);
  const nlohmann::json noted = read_checkpoint(out / "best.safetensors").card.training.at("other_splits");
  REQUIRE(noted.size() == 1);
  CHECK(noted[0].at("split").at("seed") == 2019);
  CHECK(stored.data.other_splits == noted);

  // What the student may know reaches whatever is trained from it.
  RunConfig next = testing::tiny_distill_config(Method::Ce);
  next.data.split = config.data.split;
  next.data.allow_other_split = false;
  next.init = out.string();
  CHECK_THAT(message_of([&] { distill(next, folder.path() / "next", false, {}); }),
             Catch::Contains("--init") && Catch::Contains("seed 2019"));
}

TEST_CASE("Initial weights of a run on the same split are accepted, of another one refused") {
  const testing::TemporaryFolder folder;
  const auto first = folder.path() / "first";
  train_once(first);
  RunConfig config = testing::tiny_distill_config(Method::Ce);
  config.training.epochs = 1;
  config.data.allow_other_split = false;
  config.init = first.string();
  CHECK(message_of([&] { distill(config, folder.path() / "same", false, {}); }).empty());
  // An exported card says more of the same data.
  ModelCard exported = read_checkpoint(first / "best.safetensors").card;
  exported.training["data"]["images"] = 80;
  RunConfig stored = RunFolder::open(first).read_config();
  stored.data.allow_other_split = false;
  CHECK(message_of([&] { check_same_split(stored, exported, "--init"); }).empty());
  config.data.split.test = 0.2;
  CHECK_THAT(message_of([&] { distill(config, folder.path() / "other", false, {}); }),
             Catch::Contains("--init") && Catch::Contains("test 0.1") && Catch::Contains("test 0.2"));
}

TEST_CASE("A head alone wants the data's classes and split, and notes its network's hash") {
  const testing::TemporaryFolder folder;
  RunConfig config = testing::tiny_teach_config();
  config.init = testing::tiny_teacher().string();
  config.head_only = true;
  adopt_trained_network(config);
  CHECK_THAT(message_of([&] { teach(config, folder.path() / "refused", false, {}); }),
             Catch::Contains("--init") && Catch::Contains("another split"));
  config.data.split.validation = 0;
  const auto out = folder.path() / "head";
  CHECK(message_of([&] { teach(config, out, false, {}); }).empty());
  CHECK(RunFolder::open(out).read_config().init_sha256.size() == 64);

  const auto swapped = folder.path() / "swapped.safetensors";
  Checkpoint checkpoint = read_checkpoint(testing::tiny_teacher() / "best.safetensors");
  std::swap(checkpoint.card.classes[0], checkpoint.card.classes[1]);
  write_checkpoint(swapped, checkpoint);
  config.init = swapped.string();
  CHECK_THAT(message_of([&] { teach(config, folder.path() / "classes", false, {}); }),
             Catch::Contains("knows the classes"));
}

TEST_CASE("A head alone refuses options that contradict its network") {
  const testing::TemporaryFolder folder;
  const auto teach_head = [&](std::vector<std::string> more) {
    std::vector<std::string> command = {"teach",  "--head-only",
                                        "--init", testing::tiny_teacher().string(),
                                        "--data", testing::tiny_data().string(),
                                        "--out",  (folder.path() / "run").string()};
    command.insert(command.end(), more.begin(), more.end());
    return testing::run_dermdistill(command);
  };
  const auto refused = [&](const std::vector<std::string>& more) {
    const auto result = teach_head(more);
    CHECK(result.status != 0);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "run"));
    return result.errors;
  };
  CHECK_THAT(refused({"--arch", "resnet50"}),
             Catch::Contains("--arch resnet50: contradicts") && Catch::Contains("mobilenet_v2"));
  CHECK_THAT(refused({"--size", "64"}), Catch::Contains("--size 64: contradicts") && Catch::Contains("32"));
  CHECK_THAT(refused({"--width", "1"}), Catch::Contains("--width 1: contradicts") && Catch::Contains("0.25"));
  CHECK_THAT(refused({"--resize", "crop-shorter-side"}), Catch::Contains("--resize crop-shorter-side: contradicts"));
  const auto agreeing = teach_head({"--arch", "mobilenet_v2", "--width", "0.25", "--size", "32", "--allow-other-split",
                                    "--head-epochs", "1", "--head-batch", "16", "--threads", "1"});
  INFO(agreeing.errors);
  CHECK(agreeing.status == 0);
}

TEST_CASE("Every checkpoint of ISIC images carries their licence") {
  const testing::TemporaryFolder folder;
  Run run = open_run(testing::tiny_distill_config(Method::Ce), folder.path() / "run", false, {});
  CHECK(run_card(run, nlohmann::json::array()).notices.empty());
  run.data.dataset.samples[0].id = "ISIC_0024306";
  CHECK_THAT(run_card(run, {"the weights' own"}).notices.dump(),
             Catch::Contains("the weights' own") && Catch::Contains("CC BY-NC 4.0"));
}

TEST_CASE("Numbers that make no sense are refused by the option's name") {
  const auto message = [](const std::function<void(RunConfig&)>& change) {
    RunConfig config = testing::tiny_distill_config(Method::Ce);
    change(config);
    return message_of([&] { check_config(config); });
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(message([](RunConfig& c) { c.distill.loss.ss = -1; }), Catch::StartsWith("--weight.ss: is -1"));
  CHECK_THAT(message([](RunConfig& c) { c.distill.loss.crkd = kNan; }), Catch::StartsWith("--weight.crkd: is nan"));
  CHECK_THAT(message([](RunConfig& c) { c.distill.loss.ce = 0; }), Catch::Contains("are all 0"));
  CHECK_THAT(message([](RunConfig& c) { c.distill.loss.kd_temperature = 0; }), Catch::Contains("--kd-temperature"));
  CHECK_THAT(message([](RunConfig& c) { c.distill.loss.ss_temperature = -1; }), Catch::Contains("--ss-temperature"));
  CHECK_THAT(message([](RunConfig& c) { c.training.patience = -1; }), Catch::StartsWith("--patience: is -1"));
  CHECK_THAT(message([](RunConfig& c) { c.training.early_stop = -1; }), Catch::StartsWith("--early-stop: is -1"));
  CHECK_THAT(message([](RunConfig& c) { c.training.factor = -1; }), Catch::StartsWith("--factor"));
  CHECK_THAT(message([](RunConfig& c) { c.training.optimiser.weight_decay = -1; }),
             Catch::StartsWith("--weight-decay"));
  CHECK_THAT(message([](RunConfig& c) {
               c.training.optimiser = {.kind = OptimiserKind::AdamW};
               c.training.optimiser.nesterov = true;
             }),
             Catch::StartsWith("--nesterov: is for sgd") && Catch::Contains("--optimiser sgd"));
  CHECK_THAT(message([](RunConfig& c) { c.class_weight_power = -1; }), Catch::StartsWith("--class-weight-power"));
  CHECK_THAT(message([](RunConfig& c) { c.training.epochs = 0; }), Catch::StartsWith("--epochs: is 0"));
  CHECK_THAT(message([](RunConfig& c) { c.preprocessing.size = 4096; }), Catch::StartsWith("--size: is 4096"));
}

TEST_CASE("What an interrupted write left behind does not make a new run's folder full") {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "config.json.tmp") << "{";
  CHECK_NOTHROW(RunFolder::create(folder.path()));
  std::ofstream(folder.path() / "notes.txt") << "mine";
  CHECK_THAT(message_of([&] { RunFolder::create(folder.path()); }), Catch::Contains("is not empty"));
}

TEST_CASE("Resuming a finished run writes its report again") {
  const testing::TemporaryFolder folder;
  const auto out = folder.path() / "run";
  train_once(out);
  std::filesystem::remove(out / "report.html");
  distill(RunFolder::open(out).read_config(), out, true, {});
  CHECK(std::filesystem::exists(out / "report.html"));
}

TEST_CASE("An image that becomes unreadable costs a step, not the epoch") {
  const testing::TemporaryFolder folder;
  const auto data = folder.path() / "data", out = folder.path() / "run";
  std::filesystem::copy(testing::tiny_data(), data, std::filesystem::copy_options::recursive);
  RunConfig config = testing::tiny_distill_config(Method::Ce);
  config.data.folder = data;
  config.training.epochs = 1;
  config.training.batch = 8;
  REQUIRE_THROWS_AS(distill(config, out, false, testing::stop_after(1)), Interrupted);
  // Same size, other bytes: the fingerprint still holds, decoding does not.
  std::vector<std::filesystem::path> broken;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (entry.path().extension() == ".jpg") broken.push_back(entry.path());
  }
  REQUIRE(!broken.empty());
  for (const auto& path : broken) write_file(path, std::vector<std::byte>(std::filesystem::file_size(path)));
  CHECK_THAT(message_of([&] { distill(RunFolder::open(out).read_config(), out, true, {}); }),
             Catch::Contains("after step 1") && Catch::Contains("distill --resume --out " + out.string()));
  CHECK(read_checkpoint(out / "last.safetensors").progress.step == 1);
  for (const auto& path : broken) {
    write_file(path, read_file(testing::tiny_data() / std::filesystem::relative(path, data)));
  }
  CHECK(message_of([&] { distill(RunFolder::open(out).read_config(), out, true, {}); }).empty());
}

TEST_CASE("A run resumes with the command line that started it, from any folder") {
  const testing::TemporaryFolder folder;
  const std::string out = (folder.path() / "run").string();
  // The program runs in another temporary folder, beside those of data and run.
  const std::filesystem::path data = testing::tiny_data();
  const std::string typed = (std::filesystem::path("..") / data.parent_path().filename() / data.filename()).string();
  const auto teacher = testing::tiny_teacher(), other = folder.path() / "other";
  testing::train_other_teacher(other);
  // clang-format off
  const std::vector<std::string> command = {
      "distill", "--data", typed, "--teacher", teacher.string(), "--teacher", other.string(), "--method", "ssd-kd",
      "--weight.ss", "5", "--kd-temperature", "3", "--resize", "squash", "--width", "0.25", "--batch", "16",
      "--epochs", "1", "--threads", "1", "--optimiser", "sgd", "--nesterov", "--allow-other-split", "--jpeg", "0.5",
      "--teacher-orientations", "2",
      "--out", out};
  // clang-format on
  const auto started = testing::run_dermdistill(command);
  INFO(started.errors);
  REQUIRE(started.status == 0);
  std::vector<std::string> again = command;
  again.emplace_back("--resume");
  const auto resumed = testing::run_dermdistill(again);
  CHECK_THAT(resumed.errors, Catch::Contains("is finished already"));
  CHECK(resumed.status == 0);
  std::vector<std::string> otherwise = again;
  *std::find(otherwise.begin(), otherwise.end(), "--teacher-orientations") = "--teacher-orientations=4";
  otherwise.erase(std::find(otherwise.begin(), otherwise.end(), "2"));
  CHECK_THAT(testing::run_dermdistill(otherwise).errors,
             Catch::Contains("--teacher-orientations: contradicts the run"));
  otherwise = again;
  otherwise.insert(otherwise.end(), {"--teacher", "third"});
  CHECK_THAT(testing::run_dermdistill(otherwise).errors, Catch::Contains("--teacher: contradicts the run"));
  again.insert(again.end(), {"--seed", "1"});
  CHECK_THAT(testing::run_dermdistill(again).errors, Catch::Contains("--seed: contradicts the run"));

  const RunConfig stored = RunFolder::open(out).read_config();
  CHECK(stored.training.optimiser.nesterov);
  CHECK(stored.augment.recompression_probability == 0.5);
  CHECK(stored.distill.teacher_orientations == 2);
  CHECK(stored.distill.teacher == teacher);
  REQUIRE(stored.distill.other_teachers.size() == 1);
  CHECK(stored.distill.other_teachers[0].folder == other);
  CHECK(stored.data.folder.is_absolute());
  CHECK(std::filesystem::equivalent(stored.data.folder, data));
}

}  // namespace dermdistill
