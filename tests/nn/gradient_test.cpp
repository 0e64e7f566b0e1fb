// Whole networks: the engine's outputs and gradients against the same graph in double and its finite differences.
#include <map>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/nn/network.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

/// A network's forward pass in double, in training mode.
class DoubleNetwork {
 public:
  DoubleNetwork(const Network& network, int batch, int height, int width)
      : units_(network.units().begin(), network.units().end()), batch_(batch), height_(height), width_(width) {
    for (const Parameter& p : network.parameters()) values[p.name] = widen(p.value);
    classifier_ = network.classifier_name();
    classes_ = network.config().classes;
  }

  struct Outputs {
    Vector logits, embedding, features;
  };

  Outputs forward(const Vector& image) const {
    std::vector<Vector> tensors{image};
    std::vector<std::pair<int, int>> sizes{{height_, width_}};
    for (const Unit& unit : units_) {
      const auto [h, w] = sizes[at(unit.input)];
      const ConvShape s{
          batch_, h, w, unit.in_channels, unit.out_channels, unit.kernel, unit.stride, unit.padding, unit.depthwise};
      sizes.emplace_back(s.out_height(), s.out_width());
      if (unit.kind == UnitKind::MaxPool) {
        tensors.push_back(max_pool(tensors[at(unit.input)], batch_, h, w, unit.in_channels));
        continue;
      }
      tensors.push_back(normalise(convolve(s, tensors[at(unit.input)], values.at(unit.conv_name + ".weight")),
                                  unit.out_channels, values.at(unit.norm_name + ".weight"),
                                  values.at(unit.norm_name + ".bias"),
                                  unit.residual >= 0 ? tensors[at(unit.residual)] : Vector(), unit.activation));
    }
    Outputs out;
    out.features = tensors.back();
    const int channels = units_.back().out_channels;
    out.embedding = average_pool(out.features, batch_, sizes.back().first * sizes.back().second, channels);
    const Vector &weight = values.at(classifier_ + ".weight"), &bias = values.at(classifier_ + ".bias");
    for (int b = 0; b < batch_; ++b) {
      for (int k = 0; k < classes_; ++k) {
        double sum = bias[at(k)];
        for (int c = 0; c < channels; ++c) sum += weight[at(k * channels + c)] * out.embedding[at(b * channels + c)];
        out.logits.push_back(sum);
      }
    }
    return out;
  }

  std::map<std::string, Vector> values;

 private:
  std::vector<Unit> units_;
  std::string classifier_;
  int batch_, height_, width_, classes_ = 0;
};

void check_network(const NetworkConfig& config, int batch, int height, int width, const char* backend, int samples) {
  INFO(to_string(config.architecture) << " width " << config.width << " at " << height << "x" << width << " by "
                                      << backend);
  Random random(13);
  Network network(config);
  network.initialise(random);
  for (Parameter& p : network.parameters()) {
    if (p.kind == ParameterKind::NormBias || p.kind == ParameterKind::NormWeight ||
        p.kind == ParameterKind::LinearBias) {
      for (Scalar& value : p.value) value += static_cast<Scalar>(0.2 * random.normal());
    }
  }
  const auto images = random_values(at(batch * height * width * 3), random);
  TrainingPass pass(network, backend_named(backend), batch, height, width);
  const NetworkOutputs out = pass.forward(images);
  DoubleNetwork reference(network, batch, height, width);
  const Vector image = widen(images);
  const auto expected = reference.forward(image);
  CHECK(relative_difference(out.logits, expected.logits) < (kInDouble ? 1e-11 : 1e-4));
  CHECK(relative_difference(out.embedding, expected.embedding) < (kInDouble ? 1e-11 : 1e-4));
  CHECK(relative_difference(out.features, expected.features) < (kInDouble ? 1e-11 : 1e-3));

  // A loss that feeds all three outputs back.
  const auto dl = random_values(out.logits.size(), random), de = random_values(out.embedding.size(), random),
             df = random_values(out.features.size(), random, 0.1);
  pass.backward({dl, de, df});
  const auto loss = [&] {
    const auto o = reference.forward(image);
    return dot(o.logits, widen(dl)) + dot(o.embedding, widen(de)) + dot(o.features, widen(df));
  };
  // A bias before another batch norm has gradient zero; what rounding leaves there is noise on the scale of the
  // largest, and so is the rounding of the difference itself.
  double largest = 0;
  for (const Parameter& p : network.parameters()) {
    for (const Scalar g : p.gradient) largest = std::max(largest, std::abs(static_cast<double>(g)));
  }
  for (Parameter& p : network.parameters()) {
    double magnitude = 0;
    for (const Scalar g : p.gradient) magnitude = std::max(magnitude, std::abs(static_cast<double>(g)));
    for (int i = 0; i < samples; ++i) {
      const std::size_t index = random.below(p.gradient.size());
      INFO(p.name << "[" << index << "]");
      // Small enough not to cross a ReLU's kink, large enough for double.
      CHECK(static_cast<double>(p.gradient[index]) ==
            Approx(finite_difference(loss, reference.values.at(p.name)[index], 1e-7))
                .margin((kInDouble ? 1e-5 : 2e-3) * magnitude + (kInDouble ? 5e-8 : 1e-5) * largest));
    }
  }
}

}  // namespace

TEST_CASE("MobileNetV2's gradients equal finite differences") {
  for (const char* backend : kBackends) check_network({Architecture::MobileNetV2, 0.25, 5}, 3, 33, 40, backend, 1);
}

TEST_CASE("ResNet-18's gradients equal finite differences") {
  check_network({Architecture::ResNet18, 1.0, 3}, 2, 33, 33, "auto", 1);
}

TEST_CASE("the same step twice gives the same bits, and backward wants a forward") {
  Random random(1);
  Network network({Architecture::MobileNetV2, 0.35, 8});
  network.initialise(random);
  TrainingPass pass(network, backend_named("auto"), 4, 32, 32);
  const auto images = random_values(4 * 32 * 32 * 3, random);
  const auto step = [&] {
    const auto out = pass.forward(images);
    const std::vector<Scalar> d(out.logits.begin(), out.logits.end());
    pass.backward({d, {}, {}});
    return network.gradients();
  };
  const auto first = step(), second = step();
  for (std::size_t i = 0; i < first.size(); ++i) REQUIRE(first[i].values == second[i].values);
  CHECK_THROWS_AS(pass.backward({}), ShapeError);
  CHECK_THROWS_AS(pass.forward(std::span(images).first(12)), ShapeError);
}
