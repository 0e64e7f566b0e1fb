// The vector kernels of every instruction set this processor has, and batch norm, against definitions in double.
#include <catch2/catch.hpp>

#include "core/base/parallel.h"
#include "core/nn/batch_norm.h"
#include "core/nn/depthwise.h"
#include "core/nn/pooling.h"
#include "core/nn/vector_kernels.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace dermdistill {
const VectorKernels& portable_kernels();
}

TEST_CASE("the portable and the chosen kernels agree on depthwise convolutions of odd shapes") {
  Random random(31);
  for (int round = 0; round < 60; ++round) {
    ConvShape s{};
    s.batch = 1 + static_cast<int>(random.below(3));
    s.in_height = 1 + static_cast<int>(random.below(9));
    s.in_width = 1 + static_cast<int>(random.below(9));
    s.in_channels = s.out_channels = 1 + static_cast<int>(random.below(100));
    s.kernel = 3;
    s.padding = 1;
    s.stride = 1 + static_cast<int>(random.below(2));
    s.depthwise = true;
    const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random),
               dy = random_values(s.output_size(), random);
    Vector dx_ref(x.size(), 0.0), dw_ref(w.size(), 0.0);
    for_products(s, [&](std::size_t xi, std::size_t wi, std::size_t yi) {
      dx_ref[xi] += static_cast<double>(w[wi]) * static_cast<double>(dy[yi]);
      dw_ref[wi] += static_cast<double>(x[xi]) * static_cast<double>(dy[yi]);
    });
    for (const VectorKernels* kernels : {&vector_kernels(), &portable_kernels()}) {
      INFO(kernels->name << ": " << s.describe());
      DepthwiseConvolution convolution(s, *kernels);
      std::vector<float> y(s.output_size()), dx(x.size()), dw(w.size());
      convolution.forward(x, w, y);
      convolution.backward_data(dy, w, dx);
      convolution.backward_weights(x, dy, dw);
      CHECK(relative_difference(y, convolve(s, widen(x), widen(w))) < 1e-5);
      CHECK(relative_difference(dx, dx_ref) < 1e-5);
      CHECK(relative_difference(dw, dw_ref) < 1e-5);
    }
  }
}

TEST_CASE("batch norm with activation and residual: forward, statistics, and gradients against finite differences") {
  Random random(77);
  for (int round = 0; round < 40; ++round) {
    const int channels = 1 + static_cast<int>(random.below(90)), rows = 2 + static_cast<int>(random.below(30));
    const auto activation = static_cast<Activation>(random.below(3));
    const bool residual = random.chance(0.5), second = random.chance(0.5);
    const std::size_t size = at(rows * channels);
    auto x = random_values(size, random, 3.0);
    for (float& value : x) value += 5.0f;  // a mean far from zero, where naive variances fail
    const auto weight = random_values(at(channels), random), bias = random_values(at(channels), random);
    const auto skip = residual ? random_values(size, random) : std::vector<float>();
    auto dy = random_values(size, random);
    const auto dy2 = second ? random_values(size, random) : std::vector<float>();
    INFO("rows " << rows << " channels " << channels << " activation " << static_cast<int>(activation) << " residual "
                 << residual << " second " << second);

    BatchNorm norm(channels);
    std::vector<float> mean(at(channels), 0.0f), variance(at(channels), 1.0f), y(size), dx(size), dweight(at(channels)),
        dbias(at(channels));
    norm.measure(x, weight, bias, mean, variance);
    norm.apply(x, skip, activation, y);
    Vector xd = widen(x), wd = widen(weight), bd = widen(bias), sd = widen(skip);
    CHECK(relative_difference(y, normalise(xd, channels, wd, bd, sd, activation)) < 1e-5);

    Vector total = widen(dy);
    for (std::size_t i = 0; i < dy2.size(); ++i) total[i] += static_cast<double>(dy2[i]);
    const auto loss = [&] { return dot(normalise(xd, channels, wd, bd, sd, activation), total); };
    norm.backward(dy, dy2, x,
                  residual && activation != Activation::None ? std::span<const float>(y) : std::span<const float>(),
                  weight, activation, residual, dx, dweight, dbias);
    Vector dx_ref, dskip_ref, dskip;
    std::vector<float> dx_sample;
    for (int i = 0; i < 12; ++i) {
      const std::size_t index = random.below(size);
      dx_ref.push_back(finite_difference(loss, xd[index]));
      dx_sample.push_back(dx[index]);
      if (residual) {
        dskip_ref.push_back(finite_difference(loss, sd[index]));
        dskip.push_back(static_cast<double>(dy[index]));
      }
    }
    Vector dw_ref, db_ref;
    for (std::size_t c = 0; c < at(channels); ++c) {
      dw_ref.push_back(finite_difference(loss, wd[c]));
      db_ref.push_back(finite_difference(loss, bd[c]));
    }
    double scale = 0;  // gradients of x are differences of larger numbers: compare on the scale of their terms
    for (std::size_t c = 0; c < at(channels); ++c) scale = std::max(scale, std::abs(static_cast<double>(weight[c])));
    for (std::size_t i = 0; i < dx_ref.size(); ++i)
      CHECK(static_cast<double>(dx_sample[i]) == Approx(dx_ref[i]).margin(2e-4 * (1 + scale)).epsilon(1e-3));
    CHECK(relative_difference(dweight, dw_ref) < 1e-3);
    CHECK(relative_difference(dbias, db_ref) < 1e-3);
    if (residual && (second || activation != Activation::None)) CHECK(relative_difference(dskip, dskip_ref) < 1e-3);
  }
}

TEST_CASE("running statistics move by the momentum, with the unbiased variance") {
  const std::vector<float> x{1, 10, 3, 30, 5, 50, 7, 70};  // two channels of four values
  BatchNorm norm(2);
  std::vector<float> weight{1, 1}, bias{0, 0}, mean{2, 2}, variance{1, 1};
  norm.measure(x, weight, bias, mean, variance);
  CHECK(mean[0] == Approx(0.9 * 2 + 0.1 * 4));
  CHECK(mean[1] == Approx(0.9 * 2 + 0.1 * 40));
  CHECK(variance[0] == Approx(0.9 + 0.1 * 20.0 / 3));
  CHECK(variance[1] == Approx(0.9 + 0.1 * 2000.0 / 3));
}

TEST_CASE("pooling against its definition, and its gradient against finite differences") {
  Random random(8);
  for (int round = 0; round < 20; ++round) {
    const int batch = 1 + static_cast<int>(random.below(3)), height = 2 + static_cast<int>(random.below(8)),
              width = 2 + static_cast<int>(random.below(8)), channels = 1 + static_cast<int>(random.below(9));
    INFO(batch << " x " << height << "x" << width << "x" << channels);
    const auto x = random_values(at(batch * height * width * channels), random);
    Vector xd = widen(x);
    const Vector y_ref = max_pool(xd, batch, height, width, channels);
    std::vector<float> y(y_ref.size()), dx(x.size());
    std::vector<std::uint8_t> winner(y.size());
    max_pool_forward(x, batch, height, width, channels, y, winner);
    CHECK(relative_difference(y, y_ref) < 1e-7);
    const auto dy = random_values(y.size(), random);
    max_pool_backward(dy, winner, batch, height, width, channels, dx);
    for (int i = 0; i < 20; ++i) {
      const std::size_t index = random.below(x.size());
      CHECK(static_cast<double>(dx[index]) ==
            Approx(finite_difference([&] { return dot(max_pool(xd, batch, height, width, channels), widen(dy)); },
                                     xd[index], 1e-7))
                .margin(1e-5));
    }
    std::vector<float> average(at(batch * channels)), da = random_values(average.size(), random),
                                                      addend = random_values(x.size(), random);
    average_pool_forward(x, batch, height * width, channels, average);
    CHECK(relative_difference(average, average_pool(xd, batch, height * width, channels)) < 1e-5);
    average_pool_backward(da, addend, batch, height * width, channels, dx);
    for (std::size_t i = 0; i < dx.size(); ++i) {
      const std::size_t from = i / at(height * width * channels) * at(channels) + i % at(channels);
      REQUIRE(dx[i] == Approx(da[from] / static_cast<float>(height * width) + addend[i]).margin(1e-6));
    }
  }
}

TEST_CASE("layers made for one thread count keep working when it grows") {
  set_thread_count(1);
  BatchNorm norm(4);
  ConvShape s{2, 6, 6, 4, 4, 3, 1, 1, true};
  DepthwiseConvolution depthwise(s);
  const auto convolution = backend_named("eigen").convolution({2, 6, 6, 4, 5, 3, 1, 1, false});
  set_thread_count(5);
  Random random(2);
  const auto x = random_values(s.input_size(), random), dy = random_values(s.output_size(), random),
             dy5 = random_values(2 * 6 * 6 * 5, random);
  std::vector<float> one(4, 1.0f), zero(4, 0.0f), mean(4), variance(4), dw(s.weight_size()), dw5(5 * 9 * 4);
  norm.measure(x, one, zero, mean, variance);
  depthwise.backward_weights(x, dy, dw);
  convolution->backward_weights(x, dy5, dw5);
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value);
  CHECK(static_cast<double>(mean[0] + mean[1] + mean[2] + mean[3]) == Approx(0.1 * sum / 72).margin(1e-5));
  Vector expected(dw.size(), 0.0);
  for_products(s, [&](std::size_t xi, std::size_t wi, std::size_t yi) {
    expected[wi] += static_cast<double>(x[xi]) * static_cast<double>(dy[yi]);
  });
  CHECK(relative_difference(dw, expected) < 1e-5);
  set_thread_count(2);
}
