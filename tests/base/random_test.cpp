#include "core/base/random.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using dermdistill::Random;

TEST_CASE("the same seed gives the same sequence, another stream another one") {
  Random a(7, 1), b(7, 1), c(7, 2);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto x = a.bits();
    REQUIRE(x == b.bits());
    differs = differs || x != c.bits();
  }
  CHECK(differs);
}

TEST_CASE("a stored state continues the sequence") {
  Random a(3);
  for (int i = 0; i < 10; ++i) a.bits();
  Random b(99);
  b.set_state(a.state());
  for (int i = 0; i < 10; ++i) CHECK(a.bits() == b.bits());
}

TEST_CASE("uniform, below and normal have their moments") {
  Random r(11);
  double sum = 0, squares = 0, uniform = 0;
  std::vector<int> counts(7);
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = r.normal();
    sum += x;
    squares += x * x;
    uniform += r.uniform();
    ++counts[r.below(7)];
  }
  CHECK(sum / kDraws == Approx(0).margin(0.02));
  CHECK(squares / kDraws == Approx(1).margin(0.03));
  CHECK(uniform / kDraws == Approx(0.5).margin(0.01));
  for (const int n : counts) CHECK(n == Approx(kDraws / 7.0).epsilon(0.05));
}

TEST_CASE("beta has its moments, and for small parameters stays within 0 and 1") {
  Random r(13);
  for (const auto& [a, b] : {std::pair(0.2, 0.2), std::pair(1.0, 1.0), std::pair(2.0, 5.0), std::pair(0.5, 3.0)}) {
    double sum = 0, squares = 0;
    constexpr int kDraws = 40000;
    for (int i = 0; i < kDraws; ++i) {
      const double x = beta(r, a, b);
      sum += x;
      squares += x * x;
    }
    const double mean = a / (a + b);
    INFO("a " << a << ", b " << b);
    CHECK(sum / kDraws == Approx(mean).margin(0.01));
    CHECK(squares / kDraws - mean * mean == Approx(a * b / ((a + b) * (a + b) * (a + b + 1))).margin(0.005));
  }
  for (int i = 0; i < 1000; ++i) {
    const double x = beta(r, 1e-6, 1e-6), y = beta(r, 1e12, 1e12);
    CHECK((x >= 0 && x <= 1));
    CHECK(y == Approx(0.5).margin(1e-4));
  }
}

TEST_CASE("shuffle keeps every item") {
  std::vector<int> items(50);
  std::iota(items.begin(), items.end(), 0);
  Random(5).shuffle(std::span<int>(items));
  CHECK_FALSE(std::is_sorted(items.begin(), items.end()));
  std::sort(items.begin(), items.end());
  for (int i = 0; i < 50; ++i) CHECK(items[static_cast<std::size_t>(i)] == i);
}
