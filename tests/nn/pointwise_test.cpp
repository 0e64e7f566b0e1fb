// 1x1 convolutions as products of panels against their definition in double: few filters and many, few pixels and more
// than are added up in one go, maps that are written past the cache, and batch norm's sums.
#include "core/nn/pointwise.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "core/base/large_vector.h"
#include "core/base/parallel.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

/// Threads for one test.
class Threads {
 public:
  explicit Threads(int count) : before_(thread_count()) { set_thread_count(count); }
  ~Threads() { set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

ConvShape shape_of(int batch, int side, int in, int out) { return {batch, side, side, in, out, 1, 1, 0, false}; }

LargeVector<Scalar> random_map(std::size_t size, Random& random) {
  LargeVector<Scalar> values(size);
  for (Scalar& value : values) value = static_cast<Scalar>(random.normal());
  return values;
}

void check(const ConvShape& s, Random& random) {
  const auto x = random_map(s.input_size(), random), w = random_map(s.weight_size(), random),
             dy = random_map(s.output_size(), random);
  const std::size_t out = at(s.out_channels), pixels = s.output_size() / out;
  const Passes expected = passes_of(s, x, w, dy);
  const auto convolution = pointwise_convolution(s);
  const PassDifferences off = differences(*convolution, x, w, dy, expected);
  CHECK(off.y < 1e-5);
  CHECK(off.dx < 1e-5);
  CHECK(off.dw < 1e-5);

  const std::size_t parts = at(thread_count());
  LargeVector<Scalar> y(s.output_size()), measured(s.output_size(), 7.0f);
  convolution->forward(x, w, y);
  std::vector<Scalar> shift(out);
  std::vector<double> sum(parts * out), squares(parts * out);
  REQUIRE(convolution->forward_measured(x, w, measured, {shift, sum, squares}));
  CHECK(measured == y);
  for (std::size_t c = 0; c < out; ++c) {
    double first = 0, second = 0, expected_first = 0, expected_second = 0;
    for (std::size_t part = 0; part < parts; ++part) {
      first += sum[part * out + c];
      second += squares[part * out + c];
    }
    for (std::size_t p = 0; p < pixels; ++p) {
      const double d = expected.y[p * out + c] - static_cast<double>(shift[c]);
      expected_first += d;
      expected_second += d * d;
    }
    REQUIRE(second == Approx(expected_second).epsilon(1e-4));
    REQUIRE(std::abs(first - expected_first) < 1e-4 * std::sqrt(expected_second * static_cast<double>(pixels)));
  }
}

}  // namespace

TEST_CASE("pointwise convolutions equal their definition over random shapes and numbers of threads") {
  Random random(64);
  for (int round = 0; round < 24; ++round) {
    const Threads threads(1 + static_cast<int>(random.below(3)));
    const auto channels = [&] { return 32 * (1 + static_cast<int>(random.below(5))); };
    const ConvShape s =
        shape_of(1 + static_cast<int>(random.below(3)), 1 + static_cast<int>(random.below(20)), channels(), channels());
    INFO(s.describe() << ", " << thread_count() << " threads");
    REQUIRE(is_panelled_pointwise(s));
    check(s, random);
  }
}

TEST_CASE("pointwise convolutions with many filters add them up together, group by group") {
  Random random(2048);
  const ConvShape s = shape_of(2, 20, 512, 480);  // 0.98 MB of filters; 800 pixels, 792 of which are one group
  check(s, random);
}

TEST_CASE("pointwise convolutions write large maps past the cache") {
  Random random(12);
  const ConvShape wide = shape_of(17, 28, 32, 256), narrow = shape_of(17, 28, 256, 32);  // maps of 13 MiB
  INFO(wide.describe());
  check(wide, random);
  INFO(narrow.describe());
  check(narrow, random);
}
