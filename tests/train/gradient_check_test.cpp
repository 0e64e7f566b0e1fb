// A number that is not finite is named before it reaches the weights.
#include "native/train/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct TwoParameters {
  std::vector<float> values = std::vector<float>(20, 1.0F);
  std::vector<float> first = std::vector<float>(20, 3.0F), second = std::vector<float>(20, 4.0F);
  std::vector<Parameter> parameters = {{"features.0.0.weight", ParameterKind::ConvWeight, {20}, values, first},
                                       {"classifier.1.weight", ParameterKind::LinearWeight, {20}, values, second}};
  std::vector<std::span<Parameter>> groups = {parameters};
};

}  // namespace

TEST_CASE("The first parameter whose gradient is not finite is named") {
  TwoParameters two;
  CHECK(checked_gradient_norm(two.groups, "") == Approx(std::sqrt(20.0 * 25)));
  two.second[17] = kNan;
  CHECK_THAT(testing::message_of([&] { checked_gradient_norm(two.groups, "in epoch 3, step 4"); }),
             Catch::Contains("classifier.1.weight") && Catch::Contains("epoch 3, step 4") && Catch::Contains("--rate"));
  two.first[2] = std::numeric_limits<float>::infinity();
  CHECK_THAT(testing::message_of([&] { checked_gradient_norm(two.groups, ""); }),
             Catch::Contains("features.0.0.weight"));
}

TEST_CASE("Norm and clipping have the same bits for any number of threads") {
  std::vector<float> values(100000);
  Random random(5);
  std::vector<float> original(values.size());
  for (float& value : original) value = static_cast<float>(random.normal());
  std::vector<float> gradient = original, clipped;
  std::vector<Parameter> parameters = {{"fc.weight", ParameterKind::LinearWeight, {100000}, values, gradient}};
  const std::vector<std::span<Parameter>> groups = {parameters};
  double first = 0;
  const int before = thread_count();
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    std::copy(original.begin(), original.end(), gradient.begin());
    const double norm = checked_gradient_norm(groups, "");
    clip_gradients(groups, norm, 1.0);
    if (threads == 1) {
      first = norm;
      clipped = gradient;
      CHECK(norm == Approx(std::sqrt(100000.0)).epsilon(0.02));
    }
    CHECK(norm == first);
    CHECK(gradient == clipped);
  }
  set_thread_count(before);
}

TEST_CASE("The loss term that is not finite is named") {
  LossTerms terms;
  terms.terms = {{"ce", 1.0}, {"crkd", std::nan("")}};
  CHECK_THAT(testing::message_of([&] { check_loss(terms, "in epoch 1"); }),
             Catch::Contains("\"crkd\"") && Catch::Contains("epoch 1"));
}

TEST_CASE("Clipping scales all gradients to the norm, and only when they exceed it") {
  TwoParameters two;
  const double norm = checked_gradient_norm(two.groups, "");
  clip_gradients(two.groups, norm, 2 * norm);
  CHECK(two.first[0] == 3.0F);
  clip_gradients(two.groups, norm, 1.0);
  CHECK(checked_gradient_norm(two.groups, "") == Approx(1.0).epsilon(1e-5));
}

TEST_CASE("A run whose weights explode stops with a name and keeps its last checkpoint") {
  RunConfig config = testing::tiny_distill_config(Method::Ce);
  config.training.optimiser.kind = OptimiserKind::Sgd;
  config.training.schedule = ScheduleKind::Constant;
  config.training.rate = GENERATE(1e30, 3e38);  // gradients overflow, or already the weights and with them the loss
  const testing::TemporaryFolder folder;
  testing::TinyStudent student(config);
  RunFolder run = RunFolder::create(folder.path() / "run");
  run.write_config(student.config);
  LoopConfig loop;
  loop.stage = config.training;
  loop.kind = "student";
  loop.network = student.config.network;
  loop.card = base_card(loop.network, student.data.dataset.classes, config.preprocessing, "test");
  const std::string message = testing::message_of([&] { EpochLoop(*student.stage, run, loop).run(); });
  CHECK_THAT(message, Catch::Contains("finite") && Catch::Contains("step"));
  if (config.training.rate > 1e30)
    CHECK_THAT(message, Catch::Contains("the first tensor that is not finite is \"model."));
  const Checkpoint last = read_checkpoint(run.last());
  CHECK(last.progress.step == 0);
  CHECK_NOTHROW(network_of(last, run.last()));
}

}  // namespace dermdistill
