#include "core/head/head_trainer.h"

#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/head/head_split.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

namespace {

constexpr int kChannels = 40;

struct Rows {
  std::vector<float> embeddings;
  std::vector<int> labels, images;
  HeadData data() const { return {embeddings, labels, images}; }
};

/// Rows around a mean of each class; `shift` moves all of them, as another clinic's camera would.
Rows rows_of(int classes, int images, double shift, std::uint64_t seed) {
  Random random(seed);
  Rows rows;
  for (int i = 0; i < images; ++i) {
    Random mean(500 + static_cast<std::uint64_t>(i % classes));
    for (int channel = 0; channel < kChannels; ++channel)
      rows.embeddings.push_back(
          static_cast<float>(0.5 * mean.normal() + 0.4 * random.normal() + shift * (channel % 2 == 0 ? 1 : -1)));
    rows.labels.push_back(i % classes);
    rows.images.push_back(i);
  }
  return rows;
}

const std::vector<std::string> kThree{"A", "B", "C"};

struct Shipped {
  LinearHead head;
  EmbeddingStatistics statistics;
};

/// A head that was trained on rows without shift, with their statistics.
Shipped shipped_model() {
  const Rows rows = rows_of(3, 300, 0, 1);
  LinearHead zero{3, kChannels, std::vector<float>(3 * kChannels, 0.0F), std::vector<float>(3, 0.0F)};
  HeadOptions options;
  options.pull = 0;
  options.learning_rate = 0.01;
  HeadTrainer trainer(zero, kThree, rows.data(), nullptr, options, backend_named("auto"));
  while (trainer.epoch() < options.epochs) trainer.train_epoch();
  return {trainer.head(), fit_embedding_statistics(rows.embeddings, rows.labels, kThree, kChannels)};
}

HeadScore score_on(const LinearHead& head, const Rows& rows, int classes) {
  return score_head(head, rows.embeddings, rows.labels, classes, backend_named("auto"));
}

}  // namespace

TEST_CASE("the split is stratified, keeps an image's rows together and depends on the seed", "[head]") {
  std::vector<int> labels, images;
  for (int image = 0; image < 50; ++image)
    for (int view = 0; view < 3; ++view) {
      labels.push_back(image < 40 ? 0 : image < 49 ? 1 : 2);
      images.push_back(image);
    }
  const HeadSplit split = split_images(labels, images, 3, 0.2, 5);
  int held_out[3] = {0, 0, 0};
  for (const int row : split.held_out) {
    CHECK(row % 3 == 0);  // the first row of its image
    ++held_out[labels[static_cast<std::size_t>(row)]];
    for (const int other : split.train)
      CHECK(images[static_cast<std::size_t>(other)] != images[static_cast<std::size_t>(row)]);
  }
  CHECK(held_out[0] == 8);
  CHECK(held_out[1] == 2);
  CHECK(held_out[2] == 0);  // a single image is trained on
  CHECK(split.train.size() == 3 * 40);
  CHECK(split_images(labels, images, 3, 0.2, 5).held_out == split.held_out);
  CHECK(split_images(labels, images, 3, 0.2, 6).held_out != split.held_out);
}

TEST_CASE("a head learns another camera's images and a new class, and keeps what it knew", "[head]") {
  const Shipped shipped = shipped_model();
  const std::vector<std::string> classes{"A", "B", "C", "D"};
  const Rows own = rows_of(4, 160, 0.8, 2), fresh = rows_of(4, 400, 0.8, 3), old = rows_of(3, 300, 0, 4);
  HeadOptions options;
  options.learning_rate = 0.01;
  const auto train = [&](double replay) {
    options.replay = replay;
    HeadTrainer trainer(shipped.head, classes, own.data(), &shipped.statistics, options, backend_named("auto"));
    HeadEpoch last;
    while (trainer.epoch() < options.epochs) last = trainer.train_epoch();
    CHECK(last.epoch == 50);
    REQUIRE(last.held_out);
    CHECK(last.held_out->images == 32);
    return trainer.head();
  };
  const LinearHead head = train(1.0), forgetful = train(0.0);
  CHECK(score_on(head, fresh, 4).balanced_accuracy > score_on(shipped.head, fresh, 4).balanced_accuracy + 0.2);
  CHECK(*score_on(head, fresh, 4).sensitivity[3] > 0.8);
  CHECK(score_on(shipped.head, fresh, 4).sensitivity[3] == 0.0);
  // Replay holds the old images where training without it loses them.
  CHECK(score_on(head, old, 4).balanced_accuracy > score_on(shipped.head, old, 4).balanced_accuracy - 0.05);
  CHECK(score_on(head, old, 4).loss < score_on(forgetful, old, 4).loss);
}

TEST_CASE("a strong pull keeps the shipped head", "[head]") {
  const Shipped shipped = shipped_model();
  const Rows own = rows_of(3, 90, 0.8, 2);
  const auto moved = [&](double pull) {
    HeadOptions options;
    options.pull = pull;
    HeadTrainer trainer(shipped.head, kThree, own.data(), nullptr, options, backend_named("auto"));
    while (trainer.epoch() < options.epochs) trainer.train_epoch();
    double sum = 0;
    for (std::size_t i = 0; i < shipped.head.weight.size(); ++i)
      sum += std::abs(static_cast<double>(trainer.head().weight[i] - shipped.head.weight[i]));
    return sum;
  };
  CHECK(moved(100) < 0.1 * moved(0));
}

TEST_CASE("the same seed gives the same head, another one another", "[head]") {
  const Shipped shipped = shipped_model();
  const Rows own = rows_of(3, 60, 0.4, 2);
  const auto train = [&](std::uint64_t seed) {
    HeadOptions options;
    options.seed = seed;
    options.epochs = 5;
    HeadTrainer trainer(shipped.head, kThree, own.data(), &shipped.statistics, options, backend_named("auto"));
    while (trainer.epoch() < options.epochs) trainer.train_epoch();
    return trainer.head().weight;
  };
  CHECK(train(3) == train(3));
  CHECK(train(3) != train(4));
}

TEST_CASE("scores count what a head does not know as wrong", "[head]") {
  const LinearHead head{2, 1, {1, -1}, {0, 0}};
  const HeadScore score =
      score_head(head, std::vector<float>{2, -2, -3}, std::vector<int>{0, 1, 2}, 3, backend_named("auto"));
  CHECK(score.confusion == std::vector<std::vector<std::int64_t>>{{1, 0, 0}, {0, 1, 0}, {0, 1, 0}});
  CHECK(score.balanced_accuracy == Approx(2.0 / 3));
  CHECK(score.loss == Approx((2 * std::log(1 + std::exp(-4.0)) + std::log(1e7)) / 3).epsilon(1e-5));
}

TEST_CASE("what cannot be trained on is refused with the reason", "[head]") {
  const Shipped shipped = shipped_model();
  const Rows good = rows_of(3, 12, 0, 2);
  const auto message = [&](const Rows& rows, const std::vector<std::string>& classes, const HeadOptions& options) {
    try {
      HeadTrainer trainer(shipped.head, classes, rows.data(), nullptr, options, backend_named("auto"));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const HeadOptions options;
  CHECK(message(good, kThree, options).empty());
  Rows wrong = good;
  wrong.labels[4] = 3;
  CHECK_THAT(message(wrong, kThree, options), Contains("label 3") && Contains("0 to 2"));
  wrong = good;
  wrong.images[1] = 0;
  CHECK_THAT(message(wrong, kThree, options), Contains("image 0") && Contains("different labels"));
  wrong = good;
  wrong.embeddings[7] = std::numeric_limits<float>::infinity();
  CHECK_THAT(message(wrong, kThree, options), Contains("not finite"));
  wrong = good;
  wrong.labels.pop_back();
  CHECK_THAT(message(wrong, kThree, options), Contains("11 labels"));
  CHECK_THAT(message(good, {"A", "B"}, options), Contains("classes of the head"));
  CHECK_THAT(message({}, kThree, options), Contains("training images") && Contains("none"));
  HeadOptions bad;
  bad.epochs = 0;
  CHECK_THAT(message(good, kThree, bad), Contains("epochs") && Contains("1 to 10000"));
  bad = {};
  bad.learning_rate = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(message(good, kThree, bad), Contains("learning rate"));
  bad = {};
  bad.seed = std::uint64_t{1} << 53;
  CHECK_THAT(message(good, kThree, bad), Contains("seed"));
}
