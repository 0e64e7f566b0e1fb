// The projection head and the regressor against double precision and finite differences.
#include "core/nn/heads.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

Vector linear(const Vector& x, const Vector& weight, const Vector& bias, std::size_t d) {
  Vector y(x.size());
  for (std::size_t r = 0; r < x.size() / d; ++r) {
    for (std::size_t o = 0; o < d; ++o) {
      double sum = bias[o];
      for (std::size_t i = 0; i < d; ++i) sum += weight[o * d + i] * x[r * d + i];
      y[r * d + o] = sum;
    }
  }
  return y;
}

void check_gradients(std::span<Parameter> parameters, std::vector<Vector>& values, const std::function<double()>& loss,
                     Random& random) {
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    double magnitude = 0;
    for (const Scalar g : parameters[p].gradient) magnitude = std::max(magnitude, std::abs(static_cast<double>(g)));
    for (int i = 0; i < 8; ++i) {
      const std::size_t index = random.below(values[p].size());
      INFO(parameters[p].name << "[" << index << "]");
      CHECK(static_cast<double>(parameters[p].gradient[index]) ==
            Approx(finite_difference(loss, values[p][index])).margin(1e-3 * magnitude + 1e-6));
    }
  }
}

}  // namespace

TEST_CASE("the projection head: forward, gradients, state") {
  Random random(3);
  constexpr std::size_t kDimensions = 13;
  ProjectionHead head(kDimensions, "head", backend_named("auto"));
  head.initialise(random);
  const auto x = random_values(7 * kDimensions, random), dy = random_values(x.size(), random);
  Vector xd = widen(x);
  std::vector<Vector> values;
  for (const Parameter& p : head.parameters()) values.push_back(widen(p.value));
  const auto forward = [&] {
    Vector hidden = linear(xd, values[0], values[1], kDimensions);
    for (double& h : hidden) h = std::max(h, 0.0);
    return linear(hidden, values[2], values[3], kDimensions);
  };
  CHECK(relative_difference(head.forward(x), forward()) < 1e-5);
  const auto dx = head.backward(dy);
  const auto loss = [&] { return dot(forward(), widen(dy)); };
  Vector dx_ref;
  for (double& value : xd) dx_ref.push_back(finite_difference(loss, value));
  CHECK(relative_difference(dx, dx_ref) < 1e-4);
  check_gradients(head.parameters(), values, loss, random);

  ProjectionHead other(kDimensions, "head", backend_named("eigen"));
  other.load(head.state());
  CHECK(relative_difference(other.forward(x), head.forward(x)) < 1e-5);
  ProjectionHead smaller(5, "head", backend_named("auto"));
  CHECK_THROWS_WITH(smaller.load(head.state()), Catch::Contains("head.0.weight") && Catch::Contains("25"));
}

TEST_CASE("the regressor: forward, gradients, state") {
  Random random(4);
  constexpr int kIn = 6, kOut = 9, kBatch = 3, kHeight = 2, kWidth = 4;
  Regressor regressor(kIn, kOut, "regressor", backend_named("auto"));
  regressor.initialise(random);
  const ConvShape shape{kBatch, kHeight, kWidth, kIn, kOut, 1, 1, 0, false};
  const auto x = random_values(shape.input_size(), random), dy = random_values(shape.output_size(), random);
  Vector xd = widen(x);
  std::vector<Vector> values;
  for (const Parameter& p : regressor.parameters()) values.push_back(widen(p.value));
  const auto forward = [&] {
    return normalise(convolve(shape, xd, values[0]), kOut, values[1], values[2], {}, Activation::Relu);
  };
  CHECK(relative_difference(regressor.forward(x, kBatch, kHeight, kWidth), forward()) < 1e-5);
  const auto dx = regressor.backward(dy);
  const auto loss = [&] { return dot(forward(), widen(dy)); };
  Vector dx_ref;
  for (double& value : xd) dx_ref.push_back(finite_difference(loss, value));
  CHECK(relative_difference(dx, dx_ref) < 1e-3);
  check_gradients(regressor.parameters(), values, loss, random);

  Regressor other(kIn, kOut, "regressor", backend_named("eigen"));
  other.load(regressor.state());
  const auto a = regressor.state(), b = other.state();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].values == b[i].values);
}
