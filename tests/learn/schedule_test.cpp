// Schedules against numbers of PyTorch 1.13's, warm-up, and exact resume.
#include "core/learn/schedule.h"

#include <cmath>

#include <catch2/catch.hpp>

namespace dermdistill {
namespace {

using Catch::Matchers::Contains;

ScheduleConfig schedule_config(ScheduleKind kind) {
  ScheduleConfig config;
  config.kind = kind;
  config.base_rate = 0.1;
  return config;
}

TEST_CASE("the cosine schedule is torch's CosineAnnealingLR, a step at a time") {
  ScheduleConfig config = schedule_config(ScheduleKind::Cosine);
  config.epochs = 3;
  config.steps_per_epoch = 4;
  config.final_rate = 0.001;
  const std::vector<double> expected{
      0.1,     0.0983133284013, 0.0933682574873,  0.0855017856687,  0.07525, 0.0633115427326, 0.0505, 0.0376884572674,
      0.02575, 0.0154982143313, 0.00763174251267, 0.00268667159869, 0.001};
  const Schedule schedule(config);
  for (std::size_t step = 0; step < expected.size(); ++step) {
    CHECK(schedule.rate(static_cast<std::int64_t>(step)) == Approx(expected[step]).epsilon(1e-10));
  }
  CHECK(schedule.rate(1000) == Approx(0.001));
}

TEST_CASE("the step schedule is torch's MultiStepLR, an epoch at a time") {
  ScheduleConfig config = schedule_config(ScheduleKind::Step);
  config.epochs = 8;
  config.steps_per_epoch = 3;
  config.milestones = {2, 5};
  const std::vector<double> expected{0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001};
  const Schedule schedule(config);
  for (std::size_t epoch = 0; epoch < expected.size(); ++epoch) {
    for (int step = 0; step < 3; ++step) {
      CHECK(schedule.rate(static_cast<std::int64_t>(epoch) * 3 + step) == Approx(expected[epoch]).epsilon(1e-10));
    }
  }
}

const std::vector<double> kPlateauMetrics{.5,  .6,  .6,     .6, .55, .6, .61, .61, .61,
                                          .61, .61, .61003, .6, .7,  .7, .7,  .7,  .7};

TEST_CASE("the plateau schedule is torch's ReduceLROnPlateau") {
  ScheduleConfig config = schedule_config(ScheduleKind::Plateau);
  config.patience = 2;
  config.final_rate = 5e-4;
  const std::vector<double> expected{0.1,   0.1,   0.1,   0.1,    0.01,   0.01,   0.01,   0.01,   0.01,
                                     0.001, 0.001, 0.001, 0.0005, 0.0005, 0.0005, 0.0005, 0.0005, 0.0005};
  Schedule schedule(config);
  for (std::size_t epoch = 0; epoch < expected.size(); ++epoch) {
    schedule.end_epoch(kPlateauMetrics[epoch]);
    INFO("epoch " << epoch);
    CHECK(schedule.rate(0) == Approx(expected[epoch]).epsilon(1e-10));
  }
}

TEST_CASE("a metric that is not a number is no improvement") {
  ScheduleConfig config = schedule_config(ScheduleKind::Plateau);
  config.patience = 1;
  Schedule schedule(config);
  schedule.end_epoch(0.9);
  schedule.end_epoch(NAN);
  CHECK(schedule.rate(0) == Approx(0.1));
  schedule.end_epoch(NAN);
  CHECK(schedule.rate(0) == Approx(0.01));
}

TEST_CASE("only the plateau schedule listens to the metric") {
  for (const ScheduleKind kind : {ScheduleKind::Constant, ScheduleKind::Step, ScheduleKind::Cosine}) {
    ScheduleConfig config = schedule_config(kind);
    config.patience = 0;
    config.epochs = 10;
    Schedule schedule(config);
    const double before = schedule.rate(3);
    for (int i = 0; i < 5; ++i) schedule.end_epoch(0.0);
    CHECK(schedule.rate(3) == before);
  }
}

TEST_CASE("warm-up rises linearly and meets each schedule at its base rate") {
  for (const ScheduleKind kind :
       {ScheduleKind::Constant, ScheduleKind::Step, ScheduleKind::Plateau, ScheduleKind::Cosine}) {
    ScheduleConfig config = schedule_config(kind);
    config.epochs = 5;
    config.steps_per_epoch = 4;
    config.warmup_epochs = 2;
    const Schedule schedule(config);
    INFO(to_string(kind));
    for (std::int64_t step = 0; step < 8; ++step) {
      CHECK(schedule.rate(step) == Approx(0.1 * static_cast<double>(step + 1) / 8).epsilon(1e-12));
    }
    CHECK(schedule.rate(8) == Approx(0.1));
    if (kind == ScheduleKind::Cosine) {
      CHECK(schedule.rate(14) == Approx(0.05));  // half way between the end of the warm-up and step 20
      CHECK(schedule.rate(20) == Approx(0.0).margin(1e-12));
    }
  }
}

TEST_CASE("a schedule whose warm-up fills the run stays finite") {
  ScheduleConfig config = schedule_config(ScheduleKind::Cosine);
  config.epochs = 2;
  config.warmup_epochs = 2;
  CHECK(Schedule(config).rate(1) == Approx(0.1));
  CHECK(Schedule(config).rate(2) == Approx(0.1));
}

TEST_CASE("a resumed plateau schedule continues with the same bits") {
  ScheduleConfig config = schedule_config(ScheduleKind::Plateau);
  config.patience = 2;
  config.factor = 0.3;
  for (std::size_t stop = 0; stop <= kPlateauMetrics.size(); ++stop) {
    Schedule whole(config), first(config), second(config);
    for (std::size_t epoch = 0; epoch < kPlateauMetrics.size(); ++epoch) {
      if (epoch == stop) second.load(first.state());
      whole.end_epoch(kPlateauMetrics[epoch]);
      (epoch < stop ? first : second).end_epoch(kPlateauMetrics[epoch]);
    }
    if (stop == kPlateauMetrics.size()) second.load(first.state());
    CHECK(whole.state() == second.state());
    CHECK(whole.rate(5) == second.rate(5));
  }
}

TEST_CASE("schedules refuse what they cannot follow") {
  ScheduleConfig config = schedule_config(ScheduleKind::Step);
  config.milestones = {45, 30};
  CHECK_THROWS_WITH(Schedule(config), Contains("milestones") && Contains("ascending"));
  config = schedule_config(ScheduleKind::Constant);
  config.base_rate = -1;
  CHECK_THROWS_WITH(Schedule(config), Contains("learning rate"));
  config = schedule_config(ScheduleKind::Plateau);
  config.factor = 0;
  CHECK_THROWS_WITH(Schedule(config), Contains("factor"));
  CHECK_THROWS_WITH(parse_schedule("linear"),
                    Contains("schedule linear") && Contains("constant, step, plateau, cosine"));
  CHECK(parse_schedule("plateau") == ScheduleKind::Plateau);
  Schedule schedule(schedule_config(ScheduleKind::Plateau));
  for (const char* text : {"", "schedule", "schedule 1 2", "schedule 1 2 3 4", "schedule 1 2 x", "schedule 1 2 3 ",
                           "early-stopping 1 2 3", "schedule 1  2 3"}) {
    INFO(text);
    CHECK_THROWS_WITH(schedule.load(text), Contains("state of schedule") && Contains("expected"));
  }
}

}  // namespace
}  // namespace dermdistill
