// Class weights, weight averaging, early stopping and temperature fitting.
#include <algorithm>
#include <cmath>
#include <utility>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "core/learn/class_weights.h"
#include "core/learn/early_stopping.h"
#include "core/learn/temperature.h"
#include "core/learn/weight_average.h"

namespace dermdistill {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("class weights are total over count to a power") {
  const std::vector<std::int64_t> counts{50, 25, 20, 5};
  CHECK(class_weights(counts) == std::vector<float>{2.0F, 4.0F, 5.0F, 20.0F});
  CHECK(class_weights(counts, 0) == std::vector<float>{1.0F, 1.0F, 1.0F, 1.0F});
  CHECK(class_weights(counts, 0.5)[1] == Approx(2.0));
  CHECK_THROWS_WITH(class_weights(std::vector<std::int64_t>{3, 0}),
                    Contains("class 1") && Contains("0 training images"));
  CHECK_THROWS_WITH(class_weights(counts, -1), Contains("power"));
}

const NetworkConfig kTinyNetwork{Architecture::MobileNetV2, 0.25, 3};

/// A network whose numbers all follow from `seed`.
Network network_at(std::uint64_t seed) {
  Network network(kTinyNetwork);
  Random random(seed);
  for (float& value : network.values()) value = static_cast<float>(random.normal());
  for (float& value : network.statistics()) value = static_cast<float>(random.uniform(0.5, 2));
  return network;
}

bool same_state(const StateDict& a, const StateDict& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const NamedTensor& left, const NamedTensor& right) {
    return left.name == right.name && left.shape == right.shape && left.values == right.values;
  });
}

TEST_CASE("the weight average follows its definition, running statistics included") {
  WeightAverage average(kTinyNetwork, 0.5);
  StateDict expected;
  for (int n = 0; n < 12; ++n) {
    const Network network = network_at(static_cast<std::uint64_t>(n));
    average.update(network);
    if (n == 0) {
      expected = network.state();
      CHECK(same_state(average.average().state(), expected));
      continue;
    }
    const double decay = std::min(0.5, (1.0 + n) / (10.0 + n));
    const StateDict weights = network.state(), got = average.average().state();
    double largest_error = 0;
    for (std::size_t t = 0; t < expected.size(); ++t) {
      for (std::size_t i = 0; i < expected[t].values.size(); ++i) {
        float& value = expected[t].values[i];
        value = static_cast<float>(decay * static_cast<double>(value) +
                                   (1 - decay) * static_cast<double>(weights[t].values[i]));
        largest_error = std::max(largest_error, std::abs(static_cast<double>(got[t].values[i] - value)));
      }
    }
    CHECK(largest_error < 2e-6);
  }
  CHECK(average.updates() == 12);
}

TEST_CASE("a weight average is saved in the layout of the network's state") {
  WeightAverage average(kTinyNetwork, 0.9);
  const Network network = network_at(3);
  average.update(network);
  StateDict expected = network.state();
  for (NamedTensor& tensor : expected) tensor.name = "ema." + tensor.name;
  expected.push_back({"ema_updates", {1}, {1}});
  CHECK(same_state(average.state(), expected));
}

TEST_CASE("a resumed weight average continues with the same bits") {
  WeightAverage whole(kTinyNetwork, 0.99), resumed(kTinyNetwork, 0.99);
  for (int n = 0; n < 8; ++n) {
    if (n == 3) {
      StateDict state = resumed.state();
      std::reverse(state.begin(), state.end());
      state.push_back({"model.other", {1}, {0}});
      WeightAverage loaded(kTinyNetwork, 0.99);
      loaded.load(state);
      resumed = std::move(loaded);
    }
    const Network network = network_at(static_cast<std::uint64_t>(n));
    whole.update(network);
    resumed.update(network);
  }
  CHECK(same_state(whole.state(), resumed.state()));
}

TEST_CASE("the weight average refuses what does not fit") {
  CHECK_THROWS_WITH(WeightAverage(kTinyNetwork, 1.0), Contains("decay"));
  WeightAverage average(kTinyNetwork, 0.9);
  const Network other({Architecture::MobileNetV2, 0.25, 4});
  CHECK_THROWS_WITH(average.update(other), Contains("averaged weights") &&
                                               Contains(std::to_string(other.values().size()) + " values") &&
                                               Contains("expected " + std::to_string(network_at(0).values().size())));
  CHECK_THROWS_WITH(average.load({}), Contains("ema_updates"));
  CHECK_THROWS_WITH(average.load({{"ema_updates", {1}, {1}}}), Contains("is missing"));
}

TEST_CASE("early stopping stops after its patience and remembers the best epoch") {
  EarlyStopping stopping(3);
  CHECK(stopping.best_epoch() == -1);
  CHECK(stopping.update(0.5));
  CHECK_FALSE(stopping.update(0.5));
  CHECK(stopping.update(0.6));
  CHECK_FALSE(stopping.update(NAN));
  CHECK_FALSE(stopping.update(0.59));
  CHECK_FALSE(stopping.should_stop());
  CHECK_FALSE(stopping.update(0.6));
  CHECK(stopping.should_stop());
  CHECK(stopping.best() == 0.6);
  CHECK(stopping.best_epoch() == 2);
  CHECK(stopping.epochs() == 6);
  CHECK_THROWS_WITH(EarlyStopping(-1), Contains("patience"));
  EarlyStopping never(0);
  for (int i = 0; i < 50; ++i) never.update(0.0);
  CHECK_FALSE(never.should_stop());
}

TEST_CASE("a resumed early stopping continues as the whole one") {
  Random random(11);
  for (int stop = 0; stop < 12; ++stop) {
    EarlyStopping whole(4), resumed(4);
    for (int epoch = 0; epoch < 12; ++epoch) {
      if (epoch == stop) {
        EarlyStopping loaded(4);
        loaded.load(resumed.state());
        resumed = loaded;
      }
      const double metric = random.uniform();
      CHECK(whole.update(metric) == resumed.update(metric));
      CHECK(whole.should_stop() == resumed.should_stop());
    }
    CHECK(whole.state() == resumed.state());
    CHECK(whole.best() == resumed.best());
    CHECK(whole.best_epoch() == resumed.best_epoch());
  }
  EarlyStopping stopping(4);
  CHECK_THROWS_WITH(stopping.load("early-stopping 1 2"), Contains("state of early-stopping"));
}

/// Logits whose labels are drawn from softmax(logits / temperature): that temperature is the right one.
struct Drawn {
  std::vector<float> logits;
  std::vector<int> labels;
};

Drawn draw(double temperature, int rows, int classes) {
  Random random(5);
  Drawn drawn;
  for (int r = 0; r < rows; ++r) {
    std::vector<double> probability;
    double sum = 0;
    for (int c = 0; c < classes; ++c) {
      drawn.logits.push_back(static_cast<float>(2 * random.normal()));
      sum += probability.emplace_back(std::exp(static_cast<double>(drawn.logits.back()) / temperature));
    }
    double place = random.uniform() * sum;
    int label = 0;
    while (label < classes - 1 && place >= probability[static_cast<std::size_t>(label)]) {
      place -= probability[static_cast<std::size_t>(label++)];
    }
    drawn.labels.push_back(label);
  }
  return drawn;
}

TEST_CASE("the fitted temperature is the one that the labels were drawn with, and a minimum") {
  for (const double temperature : {0.3, 1.0, 2.5, 6.0}) {
    const Drawn drawn = draw(temperature, 8000, 8);
    const double fitted = fit_temperature(drawn.logits, drawn.labels, 8);
    INFO("drawn with " << temperature << ", fitted " << fitted);
    CHECK(fitted == Approx(temperature).epsilon(0.1));
    const double least = temperature_loss(drawn.logits, drawn.labels, 8, fitted);
    for (const double factor : {0.5, 0.9, 0.99, 1.01, 1.1, 2.0}) {
      CHECK(temperature_loss(drawn.logits, drawn.labels, 8, fitted * factor) > least);
    }
  }
}

TEST_CASE("rows without an error are told from those with one") {
  const std::vector<int> labels{0, 1};
  CHECK(classified_without_error(std::vector<float>{9, 1, 1, 9}, labels, 2));
  CHECK(classified_without_error(std::vector<float>{3, 3, 1, 9}, labels, 2));
  CHECK_FALSE(classified_without_error(std::vector<float>{9, 1, 9, 8}, labels, 2));
}

TEST_CASE("temperature fitting is bounded on extreme scores") {
  const std::vector<int> labels{0, 1, 0};
  CHECK(fit_temperature(std::vector<float>{9, 1, 1, 9, 9, 1}, labels, 2) == 1.0);  // never wrong
  // Wrong once, but by less than it is right: as sure as the bound allows.
  CHECK(fit_temperature(std::vector<float>{1.1F, 1, 1, 1.1F, 1, 1.0001F}, labels, 2) == kLeastTemperature);
  CHECK(fit_temperature(std::vector<float>{1, 9, 9, 1, 1, 9}, labels, 2) == kGreatestTemperature);  // always wrong
  CHECK(fit_temperature(std::vector<float>{3, 3, 3, 3, 3, 3}, labels, 2) == 1.0);                   // says nothing
  const double huge = fit_temperature(std::vector<float>{3e38F, -3e38F, -3e38F, 3e38F, -3e38F, 3e38F}, labels, 2);
  CHECK(huge >= kLeastTemperature);
  CHECK(huge <= kGreatestTemperature);
}

TEST_CASE("temperature fitting refuses what it cannot use") {
  CHECK_THROWS_WITH(fit_temperature(std::vector<float>{1, 2, 3}, std::vector<int>{0}, 2), Contains("3 values"));
  CHECK_THROWS_WITH(fit_temperature(std::vector<float>{}, std::vector<int>{}, 2), Contains("at least one"));
  CHECK_THROWS_WITH(fit_temperature(std::vector<float>{1, 2}, std::vector<int>{2}, 2), Contains("label 2"));
  CHECK_THROWS_WITH(fit_temperature(std::vector<float>{1, NAN}, std::vector<int>{0}, 2), Contains("not finite"));
}

}  // namespace
}  // namespace dermdistill
