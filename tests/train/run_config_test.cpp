// config.json holds everything, and a difference is found by name.
#include <catch2/catch.hpp>

#include "tests/train/tiny_run.h"

namespace dermdistill {

TEST_CASE("A configuration comes back from its JSON") {
  for (const char* kind : {"teacher", "student"}) {
    for (const char* recipe : {"laptop", "paper"}) {
      RunConfig config = recipe_config(kind, recipe);
      config.data.folder = "somewhere";
      config.training.milestones = {3, 7};
      config.distill.loss.ss = 0.1F;
      config.distill.teacher_orientations = 8;
      config.distill.other_teachers = {{"second", "0123"}, {"third", "4567"}};
      const RunConfig back = parse_run_config(to_json(config), "config.json");
      CHECK(to_json(back) == to_json(config));
      CHECK(first_difference(config, back).empty());
    }
  }
  CHECK_THAT(testing::message_of([] {
               parse_run_config({{"kind", "teacher"}}, "config.json");
             }),
             Catch::Contains("config.json") && Catch::Contains("network"));
}

TEST_CASE("A student's configuration of an older version has one teacher and one orientation") {
  const RunConfig config = recipe_config("student", "laptop");
  nlohmann::json old = to_json(config);
  old["distillation"].erase("teacher_orientations");
  old["distillation"].erase("other_teachers");
  CHECK(first_difference(config, parse_run_config(old, "config.json")).empty());
  RunConfig other = config;
  other.distill.teacher_orientations = 4;
  CHECK(first_difference(config, other) == "distillation.teacher_orientations");
  other = config;
  other.distill.other_teachers = {{"second", {}}};
  CHECK(first_difference(config, other) == "distillation.other_teachers");
}

TEST_CASE("The first difference is named; places of files are none") {
  RunConfig config = recipe_config("student", "laptop");
  config.distill.other_teachers = {{"second", "0123"}};
  RunConfig other = config;
  other.data.folder = "elsewhere";
  other.distill.other_teachers[0].folder = "elsewhere";
  other.distill.teacher = "elsewhere";
  CHECK(first_difference(config, other).empty());
  other.training.epochs += 1;
  CHECK(first_difference(config, other) == "training.epochs");
}

TEST_CASE("The paper's recipe is the paper's") {
  const RunConfig teacher = recipe_config("teacher", "paper");
  CHECK(teacher.training.optimiser.kind == OptimiserKind::Sgd);
  CHECK(teacher.training.rate == 1e-3);
  CHECK(teacher.training.optimiser.weight_decay == 1e-3);
  CHECK(teacher.training.batch == 128);
  CHECK(teacher.head.training.epochs == 60);
  CHECK(teacher.head.training.milestones == std::vector<int>{30, 45});
  const RunConfig student = recipe_config("student", "paper");
  CHECK(student.training.batch == 32);
  CHECK(student.training.schedule == ScheduleKind::Plateau);
  CHECK(student.training.early_stop == 15);
  CHECK_THAT(testing::message_of([] { recipe_config("student", "soup"); }), Catch::Contains("soup"));
}

TEST_CASE("Options that make no sense are named") {
  const auto message = [](const std::function<void(RunConfig&)>& change) {
    RunConfig config = testing::tiny_distill_config(Method::Ce);
    change(config);
    return testing::message_of([&] { check_config(config); });
  };
  CHECK(message([](RunConfig&) {}).empty());
  CHECK_THAT(message([](RunConfig& c) { c.training.batch = 1; }), Catch::Contains("--batch"));
  CHECK_THAT(message([](RunConfig& c) { c.training.rate = -1; }), Catch::Contains("--rate"));
  CHECK_THAT(message([](RunConfig& c) { c.average_decay = 1; }), Catch::Contains("--ema"));
  CHECK_THAT(message([](RunConfig& c) { c.distill.teacher_orientations = 3; }),
             Catch::StartsWith("--teacher-orientations: is 3") && Catch::Contains("1, 2, 4 or 8"));
  CHECK_THAT(message([](RunConfig& c) { c.distill.loss.kd = 1; }), Catch::Contains("--teacher"));
}

}  // namespace dermdistill
