// Passes made of a device's items against those of this processor; see host_device.h.

#include <cmath>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/nn/network.h"
#include "core/nn/pass_observer.h"
#include "tests/nn/reference.h"
#include "tests/support/host_device.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

constexpr double kPassTolerance = kInDouble ? 1e-6 : 2e-4;
// In float32, an activation beside its kink turns a gradient on or off, which shows in these small networks; in double
// what remains is the float32 of a StateDict.
constexpr double kPassGradientTolerance = kInDouble ? 1e-6 : 0.1;

/// Of all tensors as one vector: the distance over the length.
double relative_distance(const StateDict& actual, const StateDict& expected) {
  double distance = 0, length = 0;
  REQUIRE(actual.size() == expected.size());
  for (std::size_t t = 0; t < expected.size(); ++t) {
    INFO(expected[t].name);
    REQUIRE(actual[t].values.size() == expected[t].values.size());
    for (std::size_t i = 0; i < expected[t].values.size(); ++i) {
      const double value = static_cast<double>(expected[t].values[i]);
      distance += std::pow(static_cast<double>(actual[t].values[i]) - value, 2);
      length += value * value;
    }
  }
  return std::sqrt(distance / length);
}

Network network_of(const NetworkConfig& config, std::uint64_t seed) {
  Network network(config);
  Random random(seed);
  network.initialise(random);
  for (Parameter& p : network.parameters()) {  // norms that are not all alike
    if (p.kind != ParameterKind::NormWeight && p.kind != ParameterKind::NormBias) continue;
    for (Scalar& value : p.value) value += static_cast<Scalar>(0.2 * random.normal());
  }
  return network;
}

struct PassCase {
  NetworkConfig network;
  int batch, height, width;
};

const std::vector<PassCase> kPassCases = {{{Architecture::MobileNetV2, 0.35, 8}, 3, 65, 48},
                                          {{Architecture::MobileNetV2, 1.0, 5}, 2, 48, 64},
                                          {{Architecture::ResNet18, 1.0, 8}, 2, 61, 64},
                                          {{Architecture::ResNet50, 1.0, 8}, 2, 64, 49}};

}  // namespace

TEST_CASE("training steps by a device's items equal those by Eigen: outputs, gradients and running statistics") {
  for (const PassCase& c : kPassCases) {
    CAPTURE(to_string(c.network.architecture), c.batch, c.height, c.width);
    Network ours = network_of(c.network, 3), theirs = network_of(c.network, 3);
    TrainingPass our_pass(ours, gpu::host_device_backend(), c.batch, c.height, c.width);
    TrainingPass their_pass(theirs, backend_named("eigen"), c.batch, c.height, c.width);
    CHECK(our_pass.arena_bytes() > 0);
    Random random(4);
    for (int step = 0; step < 2; ++step) {
      const auto images = random_values(at(c.batch * c.height * c.width * 3), random);
      const NetworkOutputs a = our_pass.forward(images), b = their_pass.forward(images);
      CHECK(relative_difference(a.logits, b.logits) < kPassTolerance);
      CHECK(relative_difference(a.embedding, b.embedding) < kPassTolerance);
      CHECK(relative_difference(a.features, b.features) < kPassTolerance);
      const auto d_logits = random_values(a.logits.size(), random),
                 d_embedding = random_values(a.embedding.size(), random);
      const auto d_features = random_values(step == 0 ? 0 : a.features.size(), random);
      our_pass.backward({d_logits, d_embedding, d_features});
      their_pass.backward({d_logits, d_embedding, d_features});
      CHECK(relative_distance(ours.gradients(), theirs.gradients()) < kPassGradientTolerance);
    }
    const StateDict state = ours.state(), wanted = theirs.state();
    for (std::size_t t = 0; t < state.size(); ++t) {
      INFO(state[t].name);
      CHECK(relative_difference(state[t].values, wanted[t].values) < kPassTolerance);
    }
    CHECK_THROWS_AS(our_pass.forward(std::span<const Scalar>()), ShapeError);
    CHECK_THROWS_AS(our_pass.backward({}), ShapeError);
  }
}

TEST_CASE("inference by a device's items equals that by Eigen, for full and short batches") {
  for (const PassCase& c : kPassCases) {
    CAPTURE(to_string(c.network.architecture), c.batch, c.height, c.width);
    const FoldedNetwork network = FoldedNetwork::from(network_of(c.network, 5));
    InferencePass ours(network, gpu::host_device_backend(), c.batch, c.height, c.width);
    InferencePass theirs(network, backend_named("eigen"), c.batch, c.height, c.width);
    Random random(6);
    for (const int batch : {c.batch, 1}) {
      const auto images = random_values(at(batch * c.height * c.width * 3), random);
      const NetworkOutputs a = ours.forward(images, batch), b = theirs.forward(images, batch);
      CHECK(relative_difference(a.logits, b.logits) < kPassTolerance);
      CHECK(relative_difference(a.embedding, b.embedding) < kPassTolerance);
      CHECK(relative_difference(a.early_embedding, b.early_embedding) < kPassTolerance);
      CHECK(relative_difference(a.features, b.features) < kPassTolerance);
    }
  }
}

TEST_CASE("single convolutions by a device's items equal their definition") {
  Random random(8);
  for (const ConvShape& s : {ConvShape{3, 5, 6, 7, 9, 1, 1, 0, false}, ConvShape{2, 9, 8, 3, 5, 3, 2, 1, false},
                             ConvShape{2, 11, 7, 4, 6, 7, 2, 3, false}, ConvShape{1, 9, 8, 6, 6, 3, 1, 1, true},
                             ConvShape{40, 9, 8, 6, 6, 3, 2, 1, true}, ConvShape{30, 9, 9, 2, 3, 1, 2, 0, false}}) {
    INFO(s.describe());
    const auto x = random_values(s.input_size(), random), w = random_values(s.weight_size(), random);
    const auto dy = random_values(s.output_size(), random);
    const auto convolution = gpu::host_device_backend().convolution(s);
    const PassDifferences off = differences(*convolution, x, w, dy, passes_of(s, x, w, dy));
    CHECK(off.y < kPassTolerance);
    CHECK(off.dx < kPassTolerance);
    CHECK(off.dw < kPassTolerance);
  }
}

TEST_CASE("a batch with more values than 32 bits count is refused before memory is asked for") {
  CHECK_THROWS_AS(gpu::check_items(std::int64_t{1} << 31), ShapeError);
  CHECK_NOTHROW(gpu::check_items((std::int64_t{1} << 31) - 1));
  constexpr int kImages = 1 << 20, kSize = 64;
  Network network = network_of({Architecture::MobileNetV2, 0.35, 8}, 9);
  const auto refused = Catch::Contains("maps of 12884901888 values");
  CHECK_THROWS_WITH(TrainingPass(network, gpu::host_device_backend(), kImages, kSize, kSize), refused);
  CHECK_THROWS_WITH(InferencePass(FoldedNetwork::from(network), gpu::host_device_backend(), kImages, kSize, kSize),
                    refused);
}

TEST_CASE("a device refuses what it has no items for, and batches without images") {
  const AcceleratedBackend& device = gpu::host_device_backend();
  CHECK_THROWS_WITH(device.convolution({1, 9, 9, 4, 4, 5, 1, 2, true}), Catch::Contains("kernel of 5"));
  Network network = network_of({Architecture::MobileNetV2, 0.35, 8}, 9);
  CHECK_THROWS_AS(TrainingPass(network, device, 0, 32, 32), ShapeError);
  CHECK_THROWS_AS(TrainingPass(network, device, 1, 32, 32), ShapeError);
  CHECK_THROWS_AS(InferencePass(FoldedNetwork::from(network), device, 0, 32, 32), ShapeError);
}

TEST_CASE("an observer hears of a device's passes as one part, apart from the classifier") {
  struct Parts final : PassObserver {
    void enter(PassPart part, bool backward) override { heard.emplace_back(part, backward); }
    std::vector<std::pair<PassPart, bool>> heard;
  } parts;
  Network network = network_of({Architecture::MobileNetV2, 0.35, 8}, 9);
  Random random(10);
  const auto images = random_values(at(2 * 32 * 32 * 3), random);
  TrainingPass training(network, gpu::host_device_backend(), 2, 32, 32);
  training.observe(&parts);
  const NetworkOutputs outputs = training.forward(images);
  training.backward({random_values(outputs.logits.size(), random), {}, {}});
  using Heard = std::vector<std::pair<PassPart, bool>>;
  CHECK(parts.heard == Heard{{PassPart::Accelerator, false},
                             {PassPart::Classifier, false},
                             {PassPart::Classifier, true},
                             {PassPart::Accelerator, true}});
  parts.heard.clear();
  InferencePass inference(FoldedNetwork::from(network), gpu::host_device_backend(), 2, 32, 32);
  inference.observe(&parts);
  inference.forward(images, 2);
  CHECK(parts.heard == Heard{{PassPart::Accelerator, false}, {PassPart::Classifier, false}});
}
