// Mixed images and the loss of their two labels.
#include "core/distill/mixup.h"

#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/parallel.h"
#include "core/distill/classification.h"
#include "core/distill/distill_loss.h"
#include "tests/support/random_values.h"

namespace dermdistill {
namespace {

using Catch::Matchers::Contains;
using testing::normal_values;

const std::vector<float> kLogits{0.5F, -1.0F, 2.0F, 1.5F, 0.25F, -0.75F, -2.0F, 0.0F, 1.0F, 0.3F, 0.2F, 0.1F};
const std::vector<int> kLabels{2, 0, 1, 2}, kOthers{0, 2, 2, 1};
const std::vector<float> kWeights{1.5F, 3.0F, 0.5F};

double cross_entropy(const TargetOptions& options) {
  std::vector<float> ignored(kLogits.size());
  return weighted_cross_entropy(kLogits, kLabels, kWeights, 1.0F, ignored, options);
}

TEST_CASE("the cross entropy of mixed images has the value of its formula") {
  // Summed over both labels of every image in Python, float64.
  CHECK(cross_entropy({0, false, kOthers, 0.7}) == Approx(1.0727385848417035).epsilon(1e-7));
  CHECK(cross_entropy({0.1F, false, kOthers, 0.7}) == Approx(1.169341664874558).epsilon(1e-7));
  CHECK(cross_entropy({0.1F, true, kOthers, 0.7}) == Approx(1.1173294939326126).epsilon(1e-7));
}

TEST_CASE("the cross entropy of images mixed with nothing is the plain one, bit for bit") {
  std::vector<float> plain(kLogits.size()), mixed(kLogits.size());
  for (const float smoothing : {0.0F, 0.1F}) {
    const double value = weighted_cross_entropy(kLogits, kLabels, kWeights, 1.0F, plain, {smoothing});
    CHECK(weighted_cross_entropy(kLogits, kLabels, kWeights, 1.0F, mixed, {smoothing, false, kOthers, 1}) == value);
    CHECK(plain == mixed);
  }
}

TEST_CASE("the cross entropy names second labels that do not fit") {
  const std::vector<int> few{0, 1}, wrong{0, 1, 2, 3};
  CHECK_THROWS_WITH(cross_entropy({0, false, few, 0.7}), Contains("labels of the partners") && Contains("expected 4"));
  CHECK_THROWS_WITH(cross_entropy({0, false, wrong, 0.7}), Contains("label 3") && Contains("expected 0 to 2"));
  CHECK_THROWS_WITH(cross_entropy({0, false, kOthers, 1.5}),
                    Contains("share of a label") && Contains("expected 0 to 1"));
}

TEST_CASE("a step's mixture follows from seed, epoch and step, and its own labels lead") {
  const Mixture mixture = draw_mixture(0.4, 32, 2019, 3, 5), again = draw_mixture(0.4, 32, 2019, 3, 5);
  CHECK(mixture.share == again.share);
  CHECK(mixture.partners == again.partners);
  for (const Mixture& other :
       {draw_mixture(0.4, 32, 2020, 3, 5), draw_mixture(0.4, 32, 2019, 5, 3), draw_mixture(0.4, 32, 2019, 3, 6)}) {
    CHECK(other.share != mixture.share);
    CHECK(other.partners != mixture.partners);
  }
  double weak = 0, strong = 0;
  constexpr int kSteps = 500;
  for (int step = 0; step < kSteps; ++step) {
    const Mixture little = draw_mixture(0.1, 4, 1, 0, step), much = draw_mixture(50, 4, 1, 0, step);
    for (const Mixture& drawn : {little, much}) {
      CHECK((drawn.share >= 0.5 && drawn.share <= 1));
      CHECK(std::is_permutation(drawn.partners.begin(), drawn.partners.end(), std::vector<int>{0, 1, 2, 3}.begin()));
    }
    weak += little.share / kSteps;
    strong += much.share / kSteps;
  }
  CHECK(weak > 0.9);
  CHECK(strong < 0.6);
}

TEST_CASE("images are mixed with all their views, whatever the number of threads") {
  const Mixture mixture{0.75, {1, 2, 0, 3}};
  Random random(8);
  const std::vector<float> images = normal_values(random, 4 * 2 * 7);
  const int before = thread_count();
  for (const int threads : {1, 3}) {
    set_thread_count(threads);
    std::vector<float> mixed(images.size());
    mix_images(mixture, images, mixed);
    for (std::size_t i = 0; i < 4; ++i) {
      const auto partner = static_cast<std::size_t>(mixture.partners[i]);
      for (std::size_t k = 0; k < 14; ++k) {
        CHECK(mixed[i * 14 + k] == 0.75F * images[i * 14 + k] + 0.25F * images[partner * 14 + k]);
      }
    }
  }
  set_thread_count(before);
  std::vector<int> others(4);
  partner_labels(mixture, kLabels, others);
  CHECK(others == std::vector<int>{0, 1, 2, 2});
  std::vector<float> few(3);
  CHECK_THROWS_WITH(mix_images(mixture, std::span(images).first(9), few), Contains("images to mix"));
  CHECK_THROWS_WITH(mix_images(mixture, images, few), Contains("mixed images") && Contains("expected 56"));
  CHECK_THROWS_WITH(partner_labels(mixture, std::vector<int>{1}, others), Contains("labels to mix"));
}

TEST_CASE("a method's loss passes the second labels to the cross entropy alone") {
  Random random(9);
  const std::vector<float> teacher = normal_values(random, kLogits.size());
  StudentViews student{4, 3, kLogits, {}, {}, {}};
  TeacherViews taught{4, 3, teacher, {}, {}, {}};
  DistillLoss loss(loss_config(Method::Kd), kWeights);
  StudentGradients gradients;
  const LossTerms plain = loss.evaluate(student, taught, kLabels, gradients);
  const LossTerms mixed = loss.evaluate(student, taught, kLabels, gradients, {kOthers, 0.7});
  CHECK(mixed.terms[0].second == Approx(1.0727385848417035).epsilon(1e-7));
  CHECK(plain.terms[1] == mixed.terms[1]);
}

TEST_CASE("a loss that ranks the teacher by its errors refuses mixed images") {
  const std::vector<float> rows(4 * kLogits.size());
  StudentViews student{4, 3, rows, {}, rows, {}};
  TeacherViews taught{4, 3, rows, {}, rows, {}};
  DistillLoss loss(loss_config(Method::SsKd), kWeights);
  StudentGradients gradients;
  CHECK_THROWS_WITH(loss.evaluate(student, taught, kLabels, gradients, {kOthers, 0.7}),
                    Contains("mixed images") && Contains("expected a loss without transformed views"));
}

}  // namespace
}  // namespace dermdistill
