// Winograd's convolutions against their definition in double, forward, backward and fused, with maps that tiles cover
// wholly and in part.
#include "core/nn/winograd.h"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

ConvShape random_shape(Random& random) {
  ConvShape s{};
  do {
    s.batch = 1 + static_cast<int>(random.below(5));
    s.in_height = 3 + static_cast<int>(random.below(14));
    s.in_width = 3 + static_cast<int>(random.below(14));
    s.kernel = 3;
    s.stride = s.padding = 1;
    s.in_channels = 32 * (1 + static_cast<int>(random.below(3)));
    s.out_channels = 32 * (1 + static_cast<int>(random.below(3)));
  } while (!winograd_pays(s));
  return s;
}

void check(const ConvShape& s, const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& dy,
           double limit) {
  const PassDifferences off = differences(*winograd_convolution(s), x, w, dy, passes_of(s, x, w, dy));
  CHECK(off.y < limit);
  CHECK(off.dx < limit);
  CHECK(off.dw < limit);
}

}  // namespace

TEST_CASE("Winograd's convolutions equal their definition over random shapes, forward and backward") {
  Random random(1509);
  for (int round = 0; round < 20; ++round) {
    const ConvShape s = random_shape(random);
    INFO(s.describe());
    const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random),
               dy = random_values(s.output_size(), random);
    check(s, x, w, dy, 1e-5);
  }
}

TEST_CASE("Winograd's convolutions of many channels take their filters panel by panel") {
  Random random(512);
  const ConvShape s{2, 4, 7, 384, 352, 3, 1, 1, false};
  const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random),
             dy = random_values(s.output_size(), random);
  check(s, x, w, dy, 3e-5);  // up to 3,456 products an output, summed in float32
}

TEST_CASE("fused Winograd convolutions add bias and residual and activate, also in place") {
  Random random(2016);
  for (int round = 0; round < 20; ++round) {
    const ConvShape s = random_shape(random);
    const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random, 0.3);
    const auto bias = random_values(at(s.out_channels), random), residual = random_values(s.output_size(), random);
    const auto activation = static_cast<Activation>(random.below(3));
    const bool with_residual = random.chance(0.5), in_place = random.chance(0.5);
    INFO(s.describe() << ", residual " << with_residual << ", in place " << in_place);
    Vector expected = convolve(s, widen(x), widen(w));
    double before = 0, after = 0;  // largest magnitudes: rounding goes with what was summed up, not with what is left
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] +=
          static_cast<double>(bias[i % at(s.out_channels)]) + (with_residual ? static_cast<double>(residual[i]) : 0.0);
      before = std::max(before, std::abs(expected[i]));
      expected[i] = activate(expected[i], activation);
      after = std::max(after, std::abs(expected[i]));
    }
    std::vector<float> y(s.output_size(), 3.0f);
    if (with_residual && in_place) y = residual;
    const std::span<const float> addend = !with_residual ? std::span<const float>()
                                          : in_place     ? std::span<const float>(y)
                                                         : std::span<const float>(residual);
    fused_winograd_convolution(s, w, bias, activation, with_residual)->run(x, addend, y);
    CHECK(relative_difference(y, expected) * after < 1e-5 * before);
  }
}

TEST_CASE("Winograd is chosen where it pays") {
  ConvShape s{2, 8, 8, 64, 64, 3, 1, 1, false};
  CHECK(winograd_pays(s));
  s.in_height = s.in_width = 5;  // 25 of 64 outputs are used
  CHECK_FALSE(winograd_pays(s));
  CHECK_THROWS_AS(winograd_convolution(s), ShapeError);
  s = {2, 8, 8, 64, 64, 3, 2, 1, false};
  CHECK_FALSE(winograd_pays(s));
  s = {2, 8, 8, 48, 64, 3, 1, 1, false};
  CHECK_FALSE(winograd_pays(s));
}
