// The fused inverted residual block against the same three units one by one, over random shapes and with every
// instruction set that this processor has.
#include "core/nn/inverted_residual.h"

#include <catch2/catch.hpp>

#include "core/base/parallel.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace dermdistill {
const BlockKernels& portable_block_kernels();
#if defined(__x86_64__) && !defined(DERMDISTILL_DOUBLE)
#define DERMDISTILL_TESTS_AVX2
const BlockKernels& avx2_block_kernels();
#endif
}  // namespace dermdistill

namespace {

/// The numbers of one unit and their gradients.
struct UnitNumbers {
  std::vector<Scalar> weight, d_weight, norm_weight, d_norm_weight, norm_bias, d_norm_bias, mean, variance;
  UnitTensors tensors;

  UnitNumbers(std::size_t weights, int channels, Random& random)
      : weight(random_values(weights, random)),
        d_weight(weights),
        norm_weight(random_values(at(channels), random)),
        d_norm_weight(at(channels)),
        norm_bias(random_values(at(channels), random)),
        d_norm_bias(at(channels)),
        mean(at(channels), Scalar(0)),
        variance(at(channels), Scalar(1)) {
    for (Scalar& value : norm_weight) value += Scalar(2);
    tensors = {weight, d_weight, norm_weight, d_norm_weight, norm_bias, d_norm_bias, mean, variance};
  }
};

struct Units {
  UnitNumbers expansion, depthwise, projection;
  Units(const ConvShape& first, const ConvShape& second, const ConvShape& third, Random& random)
      : expansion(first.weight_size(), first.out_channels, random),
        depthwise(second.weight_size(), second.out_channels, random),
        projection(third.weight_size(), third.out_channels, random) {}
  std::array<UnitNumbers*, 3> all() { return {&expansion, &depthwise, &projection}; }
};

/// One unit alone: forward keeps what backward needs.
class SingleUnit {
 public:
  SingleUnit(const ConvShape& shape, Activation activation, UnitNumbers& numbers)
      : convolution_(backend_named("eigen").convolution(shape)),
        norm_(shape.out_channels),
        activation_(activation),
        numbers_(numbers),
        raw_(shape.output_size()),
        out_(shape.output_size()),
        dx_(shape.input_size()) {}
  std::span<const Scalar> forward(std::span<const Scalar> x, std::span<const Scalar> residual) {
    x_ = x;
    convolution_->forward(x, numbers_.weight, raw_);
    norm_.measure(raw_, numbers_.norm_weight, numbers_.norm_bias, numbers_.mean, numbers_.variance);
    norm_.apply(raw_, residual, activation_, out_);
    return out_;
  }
  std::vector<Scalar>& backward(std::vector<Scalar> dy) {
    norm_.backward(dy, {}, raw_, {}, numbers_.norm_weight, activation_, false, dy, numbers_.d_norm_weight,
                   numbers_.d_norm_bias);
    convolution_->backward_weights(x_, dy, numbers_.d_weight);
    convolution_->backward_data(dy, numbers_.weight, dx_);
    return dx_;
  }

 private:
  std::unique_ptr<Convolution> convolution_;
  BatchNorm norm_;
  Activation activation_;
  UnitNumbers& numbers_;
  std::span<const Scalar> x_;
  std::vector<Scalar> raw_, out_, dx_;
};

// Rounding can put a number on the other side of ReLU6's kinks, which moves a gradient by one pixel's share; in double
// that does not happen and a wrong formula shows.
constexpr double kForward = kInDouble ? 1e-10 : 1e-4, kBackward = kInDouble ? 1e-9 : 3e-2;

void check_close(std::span<const Scalar> got, std::span<const Scalar> wanted, double tolerance) {
  CHECK(relative_difference(got, widen(wanted)) < tolerance);
}

}  // namespace

TEST_CASE("the fused block equals its three units over random shapes") {
  Random random(20261123);
  std::vector<const BlockKernels*> tables{&portable_block_kernels()};
#ifdef DERMDISTILL_TESTS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&avx2_block_kernels());
#endif
  if (std::find(tables.begin(), tables.end(), &block_kernels()) == tables.end()) tables.push_back(&block_kernels());
  for (int round = 0; round < 40; ++round) {
    const bool stem = random.chance(0.25), residual = !stem && random.chance(0.5), keeps_expanded = random.chance(0.5),
               keeps_gradient = random.chance(0.5);
    const int batch = 2 + static_cast<int>(random.below(3)),
              stride = residual ? 1 : 1 + static_cast<int>(random.below(2));
    const int height = 1 + static_cast<int>(random.below(24)), width = 1 + static_cast<int>(random.below(24));
    const int in = stem ? 3 : 8 * (1 + static_cast<int>(random.below(5))),
              hidden = 8 * (1 + static_cast<int>(random.below(30)));
    const int out = residual ? in : 8 * (1 + static_cast<int>(random.below(6)));
    const ConvShape first = stem ? ConvShape{batch, 2 * height, 2 * width - 1, in, hidden, 3, 2, 1, false}
                                 : ConvShape{batch, height, width, in, hidden, 1, 1, 0, false};
    const ConvShape second{batch, height, width, hidden, hidden, 3, stride, 1, true};
    const ConvShape third{batch, second.out_height(), second.out_width(), hidden, out, 1, 1, 0, false};
    const auto x = random_values(first.input_size(), random);
    const auto dy = random_values(third.output_size(), random);
    Units separate(first, second, third, random);
    SingleUnit expansion(first, Activation::Relu6, separate.expansion),
        depthwise(second, Activation::Relu6, separate.depthwise),
        projection(third, Activation::None, separate.projection);
    const Units untouched = separate;
    const auto y = projection.forward(depthwise.forward(expansion.forward(x, {}), {}),
                                      residual ? std::span<const Scalar>(x) : std::span<const Scalar>());
    std::vector<Scalar> dx = expansion.backward(depthwise.backward(projection.backward(dy)));
    if (residual) std::transform(dx.begin(), dx.end(), dy.begin(), dx.begin(), std::plus<>());

    for (const BlockKernels* kernels : tables) {
      INFO(kernels->name << ", stem " << stem << ", residual " << residual << ", keeps " << keeps_expanded << " and "
                         << keeps_gradient << ", then " << second.describe() << ", to " << out << " channels from "
                         << in);
      Units whole = untouched;
      InvertedResidual::Tensors tensors;
      for (std::size_t u = 0; u < 3; ++u) {
        UnitNumbers& n = *whole.all()[u];
        n.tensors = {n.weight,    n.d_weight,    n.norm_weight, n.d_norm_weight,
                     n.norm_bias, n.d_norm_bias, n.mean,        n.variance};
        tensors[u] = &n.tensors;
      }
      InvertedResidual block({batch, height, width, in, hidden, out, stride, stem, first.in_height, first.in_width},
                             tensors, *kernels);
      ThreadScratch scratch(thread_count(), block.scratch_size());
      std::vector<Scalar> middle(second.output_size()), narrow(dy.size()), result(dy.size()), d_narrow(dy.size()),
          d_in(x.size());
      std::vector<Scalar> expanded(keeps_expanded ? first.output_size() : 0),
          gradient(keeps_gradient ? second.output_size() : 0);
      block.keep(expanded, gradient);
      auto d_out = dy;
      block.forward(x, residual, middle, narrow, result, scratch);
      block.backward(x, residual, middle, narrow, d_out, {}, d_narrow,
                     stem ? std::span<Scalar>() : std::span<Scalar>(d_in), scratch);
      check_close(result, y, kForward);
      if (!stem) check_close(d_in, dx, kBackward);
      for (std::size_t u = 0; u < 3; ++u) {
        INFO("unit " << u);
        const UnitNumbers &got = *whole.all()[u], &wanted = *separate.all()[u];
        check_close(got.d_weight, wanted.d_weight, kBackward);
        check_close(got.d_norm_weight, wanted.d_norm_weight, kBackward);
        check_close(got.d_norm_bias, wanted.d_norm_bias, kBackward);
        check_close(got.mean, wanted.mean, kForward);
        check_close(got.variance, wanted.variance, kForward);
      }
    }
  }
}
