// Stopped anywhere and resumed equals never stopped, byte for byte.
#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/train/distill.h"
#include "native/train/run_folder.h"
#include "native/train/teach.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

using testing::stop_after;
using Command = void (*)(const RunConfig&, const std::filesystem::path&, bool, const StopRequest&);

/// Runs once unbroken, counting how often it asks whether to stop; then stops after each of these in turn and resumes.
/// Every end of an epoch and every step within one is among them, as are the batches of cache and embeddings.
void check_every_stop(Command command, const RunConfig& config) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path unbroken = folder.path() / "unbroken";
  int asked = 0;
  command(config, unbroken, false, [&] { return ++asked < 0; });
  REQUIRE(asked > config.training.epochs);
  const auto same = [&](const std::filesystem::path& other) {
    for (const char* name : {"last.safetensors", "best.safetensors"}) {
      INFO(name);
      CHECK(read_file(unbroken / name) == read_file(other / name));
    }
    CHECK(read_checkpoint(other / "last.safetensors").progress.finished);
  };
  for (int stop = 1; stop <= asked; ++stop) {
    INFO("stopped after " << stop << " of " << asked);
    const std::filesystem::path broken = folder.path() / ("broken" + std::to_string(stop));
    REQUIRE_THROWS_AS(command(config, broken, false, stop_after(stop)), Interrupted);
    command(RunFolder::open(broken).read_config(), broken, true, {});
    same(broken);
    std::filesystem::remove_all(broken);
  }
}

}  // namespace

TEST_CASE("A teacher and its head, stopped anywhere and resumed, have the bytes of a run that was not stopped") {
  RunConfig config = testing::tiny_teach_config();
  config.average_decay = 0.9;
  check_every_stop(teach, config);
}

TEST_CASE("A student, stopped anywhere and resumed, has the bytes of a run that was not stopped") {
  RunConfig config = testing::tiny_distill_config(Method::SsdKd);
  config.training.optimiser.kind = OptimiserKind::Sgd;
  config.training.schedule = ScheduleKind::Plateau;
  config.training.patience = 0;
  check_every_stop(distill, config);
}

TEST_CASE("A student of mixed images and an online teacher, stopped anywhere and resumed, has the same bytes") {
  RunConfig config = testing::tiny_distill_config(Method::Kd);
  config.distill.online = true;
  config.mixup = 0.4;
  config.average_decay = 0.9;
  check_every_stop(distill, config);
}

TEST_CASE("A student of an ensemble over several orientations, stopped anywhere and resumed, ends alike") {
  const testing::TemporaryFolder folder;
  const auto other = folder.path() / "other";
  testing::train_other_teacher(other);
  RunConfig config = testing::tiny_distill_config(Method::Kd);
  config.distill.other_teachers = {{other, {}}};
  config.distill.teacher_orientations = 8;
  check_every_stop(distill, config);

  const auto out = folder.path() / "out";
  REQUIRE_THROWS_AS(distill(config, out, false, stop_after(1)), Interrupted);
  const RunConfig stored = RunFolder::open(out).read_config();
  CHECK(stored.distill.teacher_orientations == 8);
  REQUIRE(stored.distill.other_teachers.size() == 1);
  CHECK(stored.distill.other_teachers[0].folder == other);
  CHECK(stored.distill.other_teachers[0].sha256.size() == 64);
  distill(stored, out, true, {});
  const nlohmann::json told = read_checkpoint(out / "best.safetensors").card.training;
  CHECK(told.at("teacher_orientations") == 8);
  CHECK(told.at("teacher_sha256") == stored.distill.teacher_sha256);
  REQUIRE(told.at("teachers").size() == 2);
  CHECK(told.at("teachers")[0].at("sha256") == stored.distill.teacher_sha256);
  CHECK(told.at("teachers")[1].at("sha256") == stored.distill.other_teachers[0].sha256);
  CHECK(told.at("teachers")[1].at("name") == "mobilenet_v2 by teacher");
}

TEST_CASE("A run stopped after every single step has the bytes of one that was not stopped") {
  const testing::TemporaryFolder folder;
  const auto unbroken = folder.path() / "unbroken", broken = folder.path() / "broken";
  const RunConfig config = testing::tiny_distill_config(Method::Ce);
  distill(config, unbroken, false, {});
  int stops = 0;
  for (bool running = true; running;) {
    try {
      distill(stops == 0 ? config : RunFolder::open(broken).read_config(), broken, stops > 0, stop_after(1));
      running = false;
    } catch (const Interrupted&) {
      ++stops;
    }
  }
  CHECK(stops > config.training.epochs);
  CHECK(read_file(unbroken / "last.safetensors") == read_file(broken / "last.safetensors"));
  CHECK(read_file(unbroken / "best.safetensors") == read_file(broken / "best.safetensors"));
}

TEST_CASE("A run that is resumed must be the one that was started") {
  const testing::TemporaryFolder folder;
  const std::filesystem::path out = folder.path() / "run";
  const RunConfig config = testing::tiny_distill_config(Method::Ce);
  REQUIRE_THROWS_AS(distill(config, out, false, stop_after(1)), Interrupted);

  SECTION("a folder with a run is refused without resuming") {
    CHECK_THAT(testing::message_of([&] { distill(config, out, false, {}); }),
               Catch::Contains("is not empty") && Catch::Contains("--resume"));
  }
  SECTION("a checkpoint of another architecture is refused") {
    RunConfig other = RunFolder::open(out).read_config();
    other.network.architecture = Architecture::ResNet18;
    CHECK_THAT(testing::message_of([&] { distill(other, out, true, {}); }),
               Catch::Contains("another network") && Catch::Contains("mobilenet_v2") && Catch::Contains("resnet18"));
  }
  SECTION("other data are refused") {
    RunConfig other = RunFolder::open(out).read_config();
    other.data.fingerprint = "0123";
    CHECK_THAT(testing::message_of([&] { distill(other, out, true, {}); }), Catch::Contains("another data set"));
  }
  SECTION("the message of the interruption says how to go on") {
    CHECK_THAT(testing::message_of([&] { distill(RunFolder::open(out).read_config(), out, true, stop_after(1)); }),
               Catch::Contains("distill --resume --out"));
  }
}

}  // namespace dermdistill
