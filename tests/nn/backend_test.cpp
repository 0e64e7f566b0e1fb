// Every backend's convolutions and products against their definition in double, and against each other.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

std::vector<std::string> backends() {
  std::vector<std::string> names{"eigen"};
  for (const char* name : {"onednn", "onednn_bf16"}) {
    if (backend_if_available(name) != nullptr) names.emplace_back(name);
  }
  return names;
}

/// The nearest value with 8 bits of mantissa, ties to even: what a bfloat16 product is made of.
float to_bfloat16(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  bits += 0x7FFF + ((bits >> 16) & 1);
  return std::bit_cast<float>(bits & 0xFFFF0000);
}

/// The factors that a backend multiplies: `values`, or their nearest bfloat16.
std::vector<float> factors(const std::string& backend, const ConvShape& shape, std::vector<float> values) {
  if (backend == "onednn_bf16" && !shape.depthwise) std::ranges::transform(values, values.begin(), to_bfloat16);
  return values;
}

ConvShape random_shape(Random& random) {
  ConvShape s{};
  s.batch = 1 + static_cast<int>(random.below(3));
  s.in_height = 5 + static_cast<int>(random.below(12));
  s.in_width = 5 + static_cast<int>(random.below(12));
  s.depthwise = random.chance(0.4);
  constexpr int kKernels[] = {1, 3, 7};
  s.kernel = s.depthwise ? 3 : kKernels[random.below(3)];
  s.stride = 1 + static_cast<int>(random.below(2));
  s.padding = s.kernel / 2;
  s.in_channels = random.chance(0.2) ? 3 : 1 + static_cast<int>(random.below(70));
  s.out_channels = s.depthwise ? s.in_channels : 1 + static_cast<int>(random.below(70));
  return s;
}

}  // namespace

TEST_CASE("convolutions equal their definition over random shapes, forward and backward") {
  Random random(20260101);
  for (int round = 0; round < 60; ++round) {
    const ConvShape s = random_shape(random);
    const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random),
               dy = random_values(s.output_size(), random);
    for (const auto& name : backends()) {
      INFO(name << ": " << s.describe());
      const auto fx = factors(name, s, x), fw = factors(name, s, w), fdy = factors(name, s, dy);
      const PassDifferences off = differences(*backend_named(name).convolution(s), x, w, dy, passes_of(s, fx, fw, fdy));
      CHECK(off.y < 1e-5);
      CHECK(off.dx < 1e-5);
      CHECK(off.dw < 1e-5);
    }
  }
}

TEST_CASE("fused convolutions add bias and residual and activate, also in place") {
  Random random(5);
  for (int round = 0; round < 40; ++round) {
    const ConvShape s = random_shape(random);
    const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random, 0.3);
    const auto bias = random_values(at(s.out_channels), random), residual = random_values(s.output_size(), random);
    const auto activation = static_cast<Activation>(random.below(3));
    const bool with_residual = random.chance(0.5), in_place = random.chance(0.5);
    for (const auto& name : backends()) {
      INFO(name << ": " << s.describe() << ", residual " << with_residual << ", in place " << in_place);
      Vector expected = convolve(s, widen(factors(name, s, x)), widen(factors(name, s, w)));
      for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] += static_cast<double>(bias[i % at(s.out_channels)]) +
                       (with_residual ? static_cast<double>(residual[i]) : 0.0);
        expected[i] = activate(expected[i], activation);
      }
      const auto convolution = backend_named(name).fused_convolution(s, w, bias, activation, with_residual);
      std::vector<float> y(s.output_size(), 3.0f);
      if (with_residual && in_place) y = residual;
      const std::span<const float> addend = !with_residual ? std::span<const float>()
                                            : in_place     ? std::span<const float>(y)
                                                           : std::span<const float>(residual);
      convolution->run(x, addend, y);
      CHECK(relative_difference(y, expected) < 3e-5);  // up to 3,430 products an output, summed in float32
    }
  }
}

TEST_CASE("matrix products in all transpositions") {
  Random random(9);
  for (int round = 0; round < 40; ++round) {
    const int m = 1 + static_cast<int>(random.below(40)), n = 1 + static_cast<int>(random.below(40)),
              k = 1 + static_cast<int>(random.below(40));
    const bool ta = random.chance(0.5), tb = random.chance(0.5);
    const float beta = random.chance(0.5) ? 1.0f : 0.0f;
    const auto a = random_values(at(m * k), random), b = random_values(at(k * n), random),
               start = random_values(at(m * n), random);
    Vector expected(at(m * n));
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = static_cast<double>(beta * start[at(i * n + j)]);
        for (int p = 0; p < k; ++p) {
          sum += static_cast<double>(a[at(ta ? p * m + i : i * k + p)]) *
                 static_cast<double>(b[at(tb ? j * k + p : p * n + j)]);
        }
        expected[at(i * n + j)] = sum;
      }
    }
    for (const auto& name : backends()) {
      INFO(name << ": " << m << "x" << n << "x" << k << " transposed " << ta << tb << " beta " << beta);
      auto c = start;
      backend_named(name).gemm(ta, tb, m, n, k, a, b, beta, c);
      CHECK(relative_difference(c, expected) < 1e-5);
    }
  }
}

TEST_CASE("an unknown backend is named") {
  CHECK_THROWS_WITH(backend_named("cuda"), Catch::Contains("cuda") && Catch::Contains("eigen"));
}
