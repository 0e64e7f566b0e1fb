// Every method trains: its loss falls when it sees the same images again and again.
#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/learn/optimiser.h"
#include "native/train/gradient_check.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {

TEST_CASE("The loss of every method falls over a short run on few images") {
  for (const Method method : all_methods()) {
    INFO(std::string(to_string(method)));
    RunConfig config = testing::tiny_distill_config(method);
    config.augment.enabled = false;
    config.distill.stored_transforms = 1;
    config.data.limit = 16;
    testing::TinyStudent student(config);
    const auto parameters = student.stage->parameters();
    const auto optimiser = make_optimiser(config.training.optimiser, parameters);
    double first = 0, last = 0;
    constexpr int kSteps = 12;
    for (int step = 0; step < kSteps; ++step) {
      student.stage->start_epoch(step, 0);
      const LossTerms terms = student.stage->compute_gradients();
      check_loss(terms, "in the test");
      REQUIRE(checked_gradient_norm(parameters, "in the test") > 0);
      optimiser->step(1e-3);
      (step == 0 ? first : last) = terms.total;
    }
    CHECK(last < first);
  }
}

TEST_CASE("Mixup changes the loss of a step, the same way every time") {
  const auto first_terms = [](Method method, double mixup) {
    RunConfig config = testing::tiny_distill_config(method);
    config.mixup = mixup;
    testing::TinyStudent student(config);
    student.stage->start_epoch(0, 0);
    return student.stage->compute_gradients();
  };
  const LossTerms plain = first_terms(Method::Kd, 0), mixed = first_terms(Method::Kd, 1),
                  again = first_terms(Method::Kd, 1);
  REQUIRE(plain.terms.size() == 2);
  for (std::size_t term = 0; term < 2; ++term) CHECK(mixed.terms[term].second != plain.terms[term].second);
  CHECK(mixed.terms == again.terms);
}

TEST_CASE("A method takes one view an image unless it needs the rotated ones") {
  CHECK(training_loader(testing::tiny_distill_config(Method::Ce)).views == 1);
  CHECK(training_loader(testing::tiny_distill_config(Method::Kd)).views == 1);
  CHECK(training_loader(testing::tiny_distill_config(Method::SsdKd)).views == 4);
}

}  // namespace dermdistill
