// Names, shapes, loading and folding of networks.
#include "core/nn/network.h"

#include <set>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/nn/filter_scale.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

std::int64_t parameter_count(const Network& network) {
  std::int64_t count = 0;
  for (const Parameter& p : network.parameters()) count += static_cast<std::int64_t>(p.value.size());
  return count;
}

Network random_network(const NetworkConfig& config, std::uint64_t seed) {
  Random random(seed);
  Network network(config);
  network.initialise(random);
  return network;
}

}  // namespace

TEST_CASE("parameter counts are torchvision's") {
  CHECK(parameter_count(Network({Architecture::MobileNetV2, 1.0, 1000})) == 3504872);
  CHECK(parameter_count(Network({Architecture::MobileNetV2, 0.5, 1000})) == 1968680);
  CHECK(parameter_count(Network({Architecture::MobileNetV2, 1.4, 1000})) == 6108776);
  CHECK(parameter_count(Network({Architecture::ResNet18, 1.0, 1000})) == 11689512);
  CHECK(parameter_count(Network({Architecture::ResNet34, 1.0, 1000})) == 21797672);
  CHECK(parameter_count(Network({Architecture::ResNet50, 1.0, 1000})) == 25557032);
}

TEST_CASE("tensor names are unique and torchvision's") {
  const Network network({Architecture::ResNet50, 1.0, 8});
  std::set<std::string> names;
  for (const NamedTensor& tensor : network.state()) {
    CHECK(names.insert(tensor.name).second);
    std::int64_t size = 1;
    for (const auto extent : tensor.shape) size *= extent;
    CHECK(static_cast<std::int64_t>(tensor.values.size()) == size);
  }
  for (const char* name :
       {"conv1.weight", "bn1.running_var", "layer1.0.downsample.0.weight", "layer4.2.bn3.bias", "fc.weight"})
    CHECK(names.count(name) == 1);
}

TEST_CASE("feature maps have torchvision's sizes, also for odd inputs") {
  const auto mobilenet = build_units({Architecture::MobileNetV2, 1.0, 8});
  CHECK(feature_shape(mobilenet, 224, 224).height == 7);
  CHECK(feature_shape(mobilenet, 112, 112).width == 4);
  CHECK(feature_shape(mobilenet, 100, 84).height == 4);
  CHECK(feature_shape(mobilenet, 100, 84).width == 3);
  const auto resnet = build_units({Architecture::ResNet50, 1.0, 8});
  CHECK(feature_shape(resnet, 224, 224).channels == 2048);
  CHECK(feature_shape(resnet, 97, 97).height == 4);
}

TEST_CASE("the early embedding is of the last block at an eighth of the side") {
  for (const auto& [config, name, channels] : std::vector<std::tuple<NetworkConfig, std::string, int>>{
           {{Architecture::MobileNetV2, 1.0, 8}, "features.6.conv.2", 32},
           {{Architecture::MobileNetV2, 0.25, 8}, "features.6.conv.2", 8},
           {{Architecture::MobileNetV2, 1.4, 8}, "features.6.conv.2", 48},
           {{Architecture::ResNet18, 1.0, 8}, "layer2.1.conv2", 128},
           {{Architecture::ResNet34, 1.0, 8}, "layer2.3.conv2", 128},
           {{Architecture::ResNet50, 1.0, 8}, "layer2.3.conv3", 512}}) {
    CAPTURE(name, config.width);
    const auto units = build_units(config);
    CHECK(units[static_cast<std::size_t>(early_unit(units))].conv_name == name);
    CHECK(early_shape(units, 112, 112).channels == channels);
    CHECK(early_shape(units, 112, 112).height == 14);
    CHECK(early_shape(units, 100, 84).height == 13);
    CHECK(early_shape(units, 100, 84).width == 11);
  }
  CHECK_THROWS_WITH(early_unit({}), Catch::Contains("no residual block"));
}

TEST_CASE("the early embedding is the average over the map of a network that ends there") {
  const auto [architecture, width, height, columns, batch] =
      GENERATE(table<Architecture, double, int, int, int>({{Architecture::MobileNetV2, 1.0, 64, 64, 2},
                                                           {Architecture::MobileNetV2, 0.35, 97, 33, 3},
                                                           {Architecture::MobileNetV2, 1.4, 40, 72, 1},
                                                           {Architecture::ResNet18, 1.0, 49, 64, 2},
                                                           {Architecture::ResNet50, 1.0, 33, 47, 2}}));
  CAPTURE(to_string(architecture), width, height, columns);
  FoldedNetwork whole = FoldedNetwork::from(random_network({architecture, width, 8}, 17));
  const std::size_t early = static_cast<std::size_t>(early_unit(whole.units));
  FoldedNetwork front = whole;
  front.units.resize(early + 1);
  const auto channels = static_cast<std::size_t>(front.units.back().out_channels);
  front.classifier_weight.assign(8 * channels, 0.0f);

  std::vector<float> images(static_cast<std::size_t>(batch * height * columns * 3));
  Random random(18);
  for (float& value : images) value = static_cast<float>(random.normal());
  const Backend& backend = backend_named("auto");
  InferencePass pass(whole, backend, batch + 1, height, columns), front_pass(front, backend, batch, height, columns);
  const NetworkOutputs outputs = pass.forward(images, batch), wanted = front_pass.forward(images, batch);
  REQUIRE(outputs.early_embedding.size() == static_cast<std::size_t>(batch) * channels);
  const FeatureShape map = wanted.feature_shape;
  const auto pixels = static_cast<std::size_t>(map.height * map.width);
  double largest = 0;
  for (std::size_t i = 0; i < outputs.early_embedding.size(); ++i) {
    double sum = 0;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      sum += static_cast<double>(wanted.features[(i / channels * pixels + pixel) * channels + i % channels]);
    const double mean = sum / static_cast<double>(pixels);
    largest = std::max(largest, std::abs(mean));
    CHECK(static_cast<double>(outputs.early_embedding[i]) == Approx(mean).epsilon(1e-4).margin(1e-5));
  }
  CHECK(largest > 1e-3);
}

TEST_CASE("state and load round-trip every bit, and a failing load changes nothing") {
  const Network source = random_network({Architecture::MobileNetV2, 0.25, 8}, 1);
  Network target = random_network({Architecture::MobileNetV2, 0.25, 8}, 2);
  const auto before = target.state();
  auto state = source.state();

  SECTION("all there") {
    target.load(state);
    const auto after = target.state();
    for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].values == state[i].values);
    return;
  }
  SECTION("a missing tensor") {
    state.erase(state.begin() + 3);
    CHECK_THROWS_WITH(target.load(state), Catch::Contains("features.0.1.running_mean") && Catch::Contains("missing"));
  }
  SECTION("an extra tensor") {
    state.push_back({"surprise.weight", {1}, {0.0f}});
    CHECK_THROWS_WITH(target.load(state),
                      Catch::Contains("surprise.weight") && Catch::Contains("not part of mobilenet_v2"));
  }
  SECTION("a mis-shaped tensor") {
    state[0].shape = {3, 8, 3, 3};
    CHECK_THROWS_WITH(target.load(state), Catch::Contains("features.0.0.weight") && Catch::Contains("[3, 8, 3, 3]") &&
                                              Catch::Contains("[8, 3, 3, 3]"));
  }
  SECTION("a value that is not a number") {
    state[1].values[2] = std::nanf("");
    CHECK_THROWS_AS(target.load(state), NumericError);
    CHECK_THROWS_WITH(target.load(state), Catch::Contains("features.0.1.weight"));
  }
  SECTION("a negative variance") {
    state[4].values[0] = -1.0f;
    CHECK_THROWS_WITH(target.load(state), Catch::Contains("features.0.1.running_var") && Catch::Contains("negative"));
  }
  SECTION("another network's tensors") {
    state = Network({Architecture::ResNet18, 1.0, 8}).state();
    CHECK_THROWS_AS(target.load(state), ShapeError);
  }
  const auto after = target.state();
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].values == before[i].values);
}

TEST_CASE("a classifier of other classes is left alone when it may be replaced, and refused otherwise") {
  const auto imagenet = random_network({Architecture::MobileNetV2, 0.25, 1000}, 1).state();
  Network network = random_network({Architecture::MobileNetV2, 0.25, 8}, 2);
  CHECK_THROWS_WITH(network.load(imagenet), Catch::Contains("classifier.1.weight"));
  network.load(imagenet, {.replace_classifier = true});
  CHECK(network.state().front().values == imagenet.front().values);
  auto trunk = imagenet;
  trunk.resize(trunk.size() - 2);
  network.load(trunk, {.replace_classifier = true});
}

TEST_CASE("folded inference by each backend equals evaluation mode in double, for full and short batches") {
  for (const NetworkConfig& config :
       {NetworkConfig{Architecture::MobileNetV2, 0.35, 8}, NetworkConfig{Architecture::ResNet18, 1.0, 8}}) {
    Network network = random_network(config, 6);
    Random random(7);
    constexpr int kBatch = 3, kSize = 40;
    {
      TrainingPass pass(network, backend_named("auto"), kBatch, kSize,
                        kSize);  // gives the running statistics real values
      for (int i = 0; i < 5; ++i) pass.forward(random_values(kBatch * kSize * kSize * 3, random));
    }
    const auto folded = FoldedNetwork::from(network);
    InferencePass eigen(folded, backend_named("eigen"), kBatch, kSize, kSize),
        other(folded, backend_named("auto"), kBatch, kSize, kSize);
    const auto images = random_values(kBatch * kSize * kSize * 3, random);
    const auto a = eigen.forward(images, kBatch), b = other.forward(images, kBatch);
    const Vector full = widen(a.logits);
    CHECK(relative_difference(b.logits, full) < 1e-4);
    CHECK(relative_difference(b.features, widen(a.features)) < 1e-4);
    const auto one = other.forward(std::span(images).first(kSize * kSize * 3), 1);
    CHECK(one.logits.size() == 8);
    CHECK(relative_difference(one.logits, std::span(full).first(8)) < 1e-4);
    CHECK_THROWS_AS(other.forward(images, kBatch + 1), ShapeError);

    const Backend* bfloat16 = backend_if_available("onednn_bf16");
    if (bfloat16 == nullptr) continue;
    InferencePass rounded(folded, *bfloat16, kBatch, kSize, kSize);
    const double difference = relative_difference(rounded.forward(images, kBatch).logits, full);
    CHECK(difference < 0.05);  // a mantissa of 8 bits, through all layers
    CHECK(difference > 1e-5);  // and not simply float32
  }
}

TEST_CASE("impossible configurations are refused by name") {
  CHECK_THROWS_WITH(parse_architecture("vgg"), Catch::Contains("vgg") && Catch::Contains("mobilenet_v2"));
  CHECK_THROWS_AS(Network({Architecture::MobileNetV2, -1.0, 8}), InputError);
  CHECK_THROWS_AS(Network({Architecture::ResNet18, 0.5, 8}), InputError);
  CHECK_THROWS_AS(Network({Architecture::MobileNetV2, 1.0, 0}), InputError);
}

TEST_CASE("bringing filters to the usual size leaves the function in evaluation mode as it is") {
  for (const NetworkConfig& config :
       {NetworkConfig{Architecture::MobileNetV2, 0.35, 5}, NetworkConfig{Architecture::ResNet18, 1.0, 5}}) {
    Network network = random_network(config, 11);
    StateDict state = network.state();
    Random random(12);
    for (NamedTensor& tensor : state) {
      const bool variance = tensor.name.ends_with("running_var");
      const bool mean = tensor.name.ends_with("running_mean");
      const bool filter = tensor.shape.size() == 4;
      for (float& value : tensor.values) {
        if (variance) value = static_cast<float>(50 + 100 * random.uniform());
        if (mean) value = static_cast<float>(random.normal() * 0.1);
        if (filter) value *= 10.0f;
      }
    }
    network.load(state);
    CHECK(limit_filter_norms(state, network.units()) > 0);
    CHECK(limit_filter_norms(state, network.units(), kUsualFilterNorm * 1.0001) == 0);
    Network scaled(config);
    scaled.load(state);

    std::vector<float> image(2 * 64 * 64 * 3);
    for (float& value : image) value = static_cast<float>(random.normal());
    const Backend& eigen = backend_named("eigen");
    const FoldedNetwork before = FoldedNetwork::from(network), after = FoldedNetwork::from(scaled);
    InferencePass before_pass(before, eigen, 2, 64, 64), after_pass(after, eigen, 2, 64, 64);
    const NetworkOutputs a = before_pass.forward(image, 2), b = after_pass.forward(image, 2);
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < a.logits.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(a.logits[i])));
      difference = std::max(difference, std::abs(static_cast<double>(a.logits[i] - b.logits[i])));
    }
    CHECK(largest > 0);
    CHECK(difference <= 1e-4 * largest);
  }
}

TEST_CASE("bringing filters to the usual size names a tensor that is missing") {
  const Network network = random_network({Architecture::ResNet18, 1.0, 5}, 13);
  StateDict state = network.state();
  for (NamedTensor& tensor : state)
    for (float& value : tensor.values) value *= 10.0f;
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name == "bn1.running_var"; });
  CHECK_THROWS_WITH(limit_filter_norms(state, network.units()), Catch::Contains("bn1.running_var"));
}
