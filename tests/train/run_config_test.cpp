// config.json holds everything, and a difference is found by name.
#include <cmath>
#include <limits>

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
      config.mixup = 0.3;
      config.smoothing_unweighted = true;
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

TEST_CASE("A configuration from before mixup and unweighted smoothing means neither") {
  const RunConfig config = recipe_config("teacher", "laptop");
  nlohmann::json old = to_json(config);
  REQUIRE(old.erase("mixup") == 1);
  REQUIRE(old.erase("smoothing_unweighted") == 1);
  CHECK(parse_run_config(old, "config.json").mixup == 0);
  CHECK_FALSE(parse_run_config(old, "config.json").smoothing_unweighted);
  CHECK(first_difference(config, parse_run_config(old, "config.json")).empty());
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
  CHECK_THAT(message([](RunConfig& c) { c.smoothing_unweighted = true; }),
             Catch::Contains("--smoothing-unweighted") && Catch::Contains("expected --label-smoothing above 0"));
}

TEST_CASE("Mixup is refused where the teacher's answers cannot follow it") {
  const auto message = [](Method method, double mixup, bool online) {
    RunConfig config = recipe_config("student", "laptop");
    config.distill.method = method;
    config.distill.loss = loss_config(method);
    config.distill.teacher = "teacher";
    config.distill.online = online;
    config.mixup = mixup;
    return testing::message_of([&] { check_config(config); });
  };
  for (const Method method : {Method::Ce, Method::Kd, Method::Fitnet, Method::DKd}) {
    CHECK(message(method, 0.4, true).empty());
  }
  CHECK(message(Method::Ce, 0.4, false).empty());
  CHECK(message(Method::SsdKd, 0, false).empty());
  CHECK_THAT(message(Method::Kd, 0.4, false),
             Catch::Contains("--mixup") && Catch::Contains("cache") && Catch::Contains("expected --online"));
  for (const Method method : {Method::SsKd, Method::SsdKd}) {
    CHECK_THAT(message(method, 0.4, true), Catch::Contains("--mixup") &&
                                               Catch::Contains(std::string(to_string(method))) &&
                                               Catch::Contains("expected 0, or a loss without rotated views"));
  }
  for (const double wrong : {-0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THAT(message(Method::Ce, wrong, false), Catch::Contains("--mixup") && Catch::Contains("0 or more"));
  }
}

}  // namespace dermdistill
