// Every loss against central finite differences over random shapes. Inputs are floats, but the losses compute in
// double, so that a difference between two representable floats is exact enough to fail on a wrong gradient.
#include <cmath>
#include <functional>

#include <catch2/catch.hpp>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/distill/classification.h"
#include "core/distill/distill_loss.h"
#include "core/distill/feature_losses.h"
#include "core/distill/relations.h"
#include "core/distill/self_supervision.h"
#include "core/distill/views.h"
#include "tests/support/random_values.h"

namespace dermdistill {
namespace {

using testing::normal_values;

using Loss = std::function<double(std::span<const float> input, float weight, std::span<float> gradient)>;

int pick(Random& random, int least, int greatest) {
  return least + static_cast<int>(random.below(static_cast<std::uint64_t>(greatest - least + 1)));
}

std::vector<int> random_labels(Random& random, int count, int classes) {
  std::vector<int> labels;
  for (int i = 0; i < count; ++i) labels.push_back(pick(random, 0, classes - 1));
  return labels;
}

/// Checks that the gradient is weight * derivative, is added to what was there, and does not change the value.
void check_gradient(const Loss& loss, std::vector<float> input, double tolerance, float step = 0x1p-14F) {
  constexpr float kWeight = 1.75F, kBefore = 0.5F;
  std::vector<float> zero(input.size(), 0.0F), added(input.size(), kBefore), ignored(input.size(), 0.0F);
  const double value = loss(input, kWeight, zero);
  REQUIRE(std::isfinite(value));
  CHECK(loss(input, 1.0F, ignored) == value);
  loss(input, kWeight, added);
  double largest_error = 0, largest = 0, largest_added = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const float centre = input[i];
    const float up = centre + step, down = centre - step;
    input[i] = up;
    const double high = loss(input, 1.0F, ignored);
    input[i] = down;
    const double low = loss(input, 1.0F, ignored);
    input[i] = centre;
    const double expected =
        static_cast<double>(kWeight) * (high - low) / (static_cast<double>(up) - static_cast<double>(down));
    largest_error = std::max(largest_error, std::abs(static_cast<double>(zero[i]) - expected));
    largest = std::max(largest, std::abs(expected));
    largest_added = std::max(largest_added, std::abs(static_cast<double>(added[i] - kBefore - zero[i])));
  }
  REQUIRE(largest > 0);
  CHECK(largest_error <= tolerance * largest);
  CHECK(largest_added <= 1e-6 * std::max(1.0, largest));
}

constexpr int kTrials = 10;

/// Thousands of tiny evaluations: starting threads for each would be most of the time.
class OneThread {
 public:
  OneThread() : before_(thread_count()) { set_thread_count(1); }
  ~OneThread() { set_thread_count(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

TEST_CASE("cross entropy: finite differences, with and without label smoothing") {
  Random random(1);
  for (int trial = 0; trial < kTrials; ++trial) {
    const int images = pick(random, 1, 6), classes = pick(random, 2, 9);
    const std::vector<int> labels = random_labels(random, images, classes);
    std::vector<float> weights;
    for (int c = 0; c < classes; ++c) weights.push_back(static_cast<float>(random.uniform(0.2, 9)));
    const float smoothing = trial % 2 == 0 ? 0.0F : static_cast<float>(random.uniform(0, 0.5));
    const bool four = trial % 3 != 0, unweighted = trial % 4 == 3;
    INFO("images " << images << ", classes " << classes << ", smoothing " << smoothing << ", four views " << four);
    const TargetOptions options{smoothing, unweighted};
    const Loss loss = [&](std::span<const float> input, float weight, std::span<float> gradient) {
      return four ? weighted_cross_entropy(input, labels, normal_rows(images), weights, weight, gradient, options)
                  : weighted_cross_entropy(input, labels, weights, weight, gradient, options);
    };
    check_gradient(loss, normal_values(random, static_cast<std::size_t>(images * classes * (four ? 4 : 1)), 2), 1e-5);
  }
}

TEST_CASE("cross entropy of mixed images: finite differences, with and without label smoothing") {
  Random random(7);
  for (int trial = 0; trial < kTrials; ++trial) {
    const int images = pick(random, 2, 5), classes = pick(random, 2, 9);
    const std::vector<int> labels = random_labels(random, images, classes),
                           others = random_labels(random, images, classes);
    std::vector<float> weights;
    for (int c = 0; c < classes; ++c) weights.push_back(static_cast<float>(random.uniform(0.2, 5)));
    const TargetOptions options{trial % 2 == 0 ? 0.0F : 0.2F, trial % 3 == 0, others, random.uniform(0.5, 1)};
    INFO("images " << images << ", classes " << classes << ", share " << options.share);
    const Loss loss = [&](std::span<const float> input, float weight, std::span<float> gradient) {
      return weighted_cross_entropy(input, labels, weights, weight, gradient, options);
    };
    check_gradient(loss, normal_values(random, static_cast<std::size_t>(images * classes), 2), 1e-5);
  }
}

TEST_CASE("cross entropy with label smoothing is torch's") {
  // torch.nn.functional.cross_entropy(x, y, weight=w, label_smoothing=0.1), PyTorch 1.13, float64.
  const std::vector<float> logits{0.5F, -1.0F, 2.0F, 1.5F, 0.25F, -0.75F, -2.0F, 0.0F, 1.0F, 0.3F, 0.2F, 0.1F};
  const std::vector<double> expected{0.010562862149034418,  -0.013796469057528982, 0.0032336069084945634,
                                     -0.056430087743191165, 0.03857918473874634,   0.01785090300444485,
                                     0.009213553445474032,  -0.37383820854879973,  0.3646246551033256,
                                     0.032076120730618905,  0.01906765079010256,   -0.05114377152072149};
  std::vector<float> gradient(logits.size());
  const std::vector<int> labels{2, 0, 1, 2};
  const std::vector<float> weights{1.5F, 3.0F, 0.5F};
  CHECK(weighted_cross_entropy(logits, labels, weights, 1.0F, gradient, {0.1F}) ==
        Approx(1.0653688245484312).epsilon(1e-7));
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    CHECK(static_cast<double>(gradient[i]) == Approx(expected[i]).epsilon(1e-5).margin(1e-8));
  }
}

TEST_CASE("label smoothing that is not weighted by class keeps every row's own weight") {
  // Rows of equal scores but one: -log p is log 3, or by hand for (log 2, 0, 0): p = (1/2, 1/4, 1/4).
  const std::vector<float> logits{0, 0, 0, std::log(2.0F), 0, 0}, weights{1, 10, 4};
  std::vector<float> gradient(logits.size());
  const double third = std::log(3.0), half = std::log(2.0), quarter = std::log(4.0);
  const double second_row = 0.7 * half + 0.3 * (half + 2 * quarter) / 3;
  CHECK(weighted_cross_entropy(logits, std::vector<int>{1, 0}, weights, 1.0F, gradient, {0.3F, true}) ==
        Approx((10 * third + second_row) / 11));
  // Towards the smoothed target (0.8, 0.1, 0.1) of the second row, with its weight 1 of 11.
  CHECK(gradient[3] == Approx((0.5 - 0.8) / 11));
  CHECK(gradient[4] == Approx((0.25 - 0.1) / 11));
  CHECK(gradient[5] == Approx((0.25 - 0.1) / 11));
  // In Python, float64; with equal class weights it is torch's.
  const std::vector<float> scores{0.5F, -1.0F, 2.0F, 1.5F, 0.25F, -0.75F, -2.0F, 0.0F, 1.0F, 0.3F, 0.2F, 0.1F};
  const std::vector<int> labels{2, 0, 1, 2};
  std::vector<float> ignored(scores.size());
  const auto loss = [&](const std::vector<float>& w, bool unweighted) {
    return weighted_cross_entropy(scores, labels, w, 1.0F, ignored, {0.1F, unweighted});
  };
  CHECK(loss({1.5F, 3.0F, 0.5F}, true) == Approx(1.0199404794288358).epsilon(1e-7));
  CHECK(loss({2, 2, 2}, true) == Approx(loss({2, 2, 2}, false)));
}

TEST_CASE("knowledge distillation: finite differences over chosen rows") {
  Random random(2);
  for (int trial = 0; trial < kTrials; ++trial) {
    const int images = pick(random, 1, 4), classes = pick(random, 2, 9);
    const std::size_t size = static_cast<std::size_t>(images * 4 * classes);
    const std::vector<float> teacher = normal_values(random, size, 3);
    const float temperature = static_cast<float>(random.uniform(0.5, 6));
    const std::vector<int> rows = trial % 2 == 0 ? transformed_rows(images) : normal_rows(images);
    INFO("images " << images << ", classes " << classes << ", temperature " << temperature);
    const Loss loss = [&](std::span<const float> input, float weight, std::span<float> gradient) {
      return knowledge_distillation(input, teacher, classes, rows, temperature, weight, gradient);
    };
    check_gradient(loss, normal_values(random, size, 3), 1e-5);
  }
}

TEST_CASE("similarity loss: finite differences over random shapes and shares") {
  const OneThread one_thread;
  Random random(3);
  for (int trial = 0; trial < kTrials; ++trial) {
    const int images = pick(random, 2, 5), ours = pick(random, 2, 19), theirs = pick(random, 2, 19);
    const std::vector<float> teacher = normal_values(random, static_cast<std::size_t>(images * 4 * theirs));
    const float temperature = static_cast<float>(random.uniform(0.3, 2));
    const double keep = random.uniform();
    INFO("images " << images << ", dimensions " << ours << " and " << theirs << ", temperature " << temperature
                   << ", keep " << keep);
    SelfSupervisionWorkspace workspace;
    const Loss loss = [&](std::span<const float> input, float weight, std::span<float> gradient) {
      return similarity_loss(input, teacher, images, temperature, keep, weight, gradient, workspace);
    };
    check_gradient(loss, normal_values(random, static_cast<std::size_t>(images * 4 * ours)), 1e-4);
  }
}

TEST_CASE("contrastive cross entropy: finite differences over random shapes") {
  const OneThread one_thread;
  Random random(4);
  for (int trial = 0; trial < kTrials; ++trial) {
    const int images = pick(random, 2, 5), dimensions = pick(random, 2, 19);
    INFO("images " << images << ", dimensions " << dimensions);
    SelfSupervisionWorkspace workspace;
    const Loss loss = [&](std::span<const float> input, float weight, std::span<float> gradient) {
      return contrastive_cross_entropy(input, images, weight, gradient, workspace);
    };
    check_gradient(loss, normal_values(random, static_cast<std::size_t>(images * 4 * dimensions)), 1e-4);
  }
}

TEST_CASE("distances and angles: finite differences over random shapes") {
  const OneThread one_thread;
  Random random(5);
  for (int trial = 0; trial < kTrials; ++trial) {
    const int rows = pick(random, 2, 11), ours = pick(random, 1, 21), theirs = pick(random, 1, 21);
    const std::vector<float> teacher = normal_values(random, static_cast<std::size_t>(rows * theirs));
    // One-dimensional angles are all 1 or -1: constant, so there is nothing to differentiate.
    const std::vector<float> student = normal_values(random, static_cast<std::size_t>(rows * std::max(ours, 2)), 2);
    INFO("rows " << rows << ", dimensions " << ours << " and " << theirs);
    RelationWorkspace workspace;
    if (rows > 2) {
      check_gradient(
          [&](std::span<const float> input, float weight, std::span<float> gradient) {
            return rkd_distance(input, teacher, rows, weight, gradient, workspace);
          },
          student, 1e-4);
      check_gradient(
          [&](std::span<const float> input, float weight, std::span<float> gradient) {
            return rkd_angle(input, teacher, rows, weight, gradient, workspace);
          },
          student, 1e-4);
    }
  }
}

TEST_CASE("channel relations and hint: finite differences over random shapes") {
  const OneThread one_thread;
  Random random(6);
  for (int trial = 0; trial < kTrials; ++trial) {
    const MapShape shape{pick(random, 1, 4), pick(random, 1, 9), pick(random, 1, 37)};
    const std::size_t size = static_cast<std::size_t>(shape.images * shape.positions * shape.channels);
    const std::vector<float> teacher = normal_values(random, size);
    INFO("images " << shape.images << ", positions " << shape.positions << ", channels " << shape.channels);
    ChannelRelationWorkspace workspace;
    // The products are sums in float, so the step is longer: noise falls with it, and the curvature is small.
    check_gradient(
        [&](std::span<const float> input, float weight, std::span<float> gradient) {
          return channel_relational(input, teacher, shape, weight, gradient, workspace);
        },
        normal_values(random, size), 3e-3, 0x1p-6F);
    check_gradient([&](std::span<const float> input, float weight,
                       std::span<float> gradient) { return fitnet_mse(input, teacher, weight, gradient); },
                   normal_values(random, size), 1e-5, 0x1p-3F);
  }
}

}  // namespace
}  // namespace dermdistill
