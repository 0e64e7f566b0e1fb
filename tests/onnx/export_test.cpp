// Export: what is in the file, checked by ONNX's own checker.
#include "native/onnx/export.h"

#include <limits>
#include <map>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <onnx/checker.h>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/onnx/graph.h"
#include "test_models.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

onnx::ModelProto parsed(const std::vector<std::byte>& bytes) {
  onnx::ModelProto model;
  REQUIRE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return model;
}

std::vector<std::string> dimensions(const onnx::ValueInfoProto& value) {
  std::vector<std::string> result;
  for (const auto& dimension : value.type().tensor_type().shape().dim()) {
    result.push_back(dimension.has_dim_param() ? dimension.dim_param() : std::to_string(dimension.dim_value()));
  }
  return result;
}

}  // namespace

TEST_CASE("an exported network passes ONNX's checker and has the agreed inputs and outputs") {
  const auto [architecture, width, size, channels, early_channels] =
      GENERATE(table<Architecture, double, int, int, int>({
          {Architecture::MobileNetV2, 1.0, 224, 1280, 32},
          {Architecture::MobileNetV2, 0.35, 96, 1280, 16},
          {Architecture::MobileNetV2, 1.4, 64, 1792, 48},
          {Architecture::ResNet18, 1.0, 64, 512, 128},
          {Architecture::ResNet50, 1.0, 96, 2048, 512},
      }));
  NetworkConfig config{architecture, width, 8};
  CAPTURE(to_string(architecture), width, size);
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 1));
  const std::vector<std::byte> bytes = serialise_onnx(network, test_card(config, size));

  const onnx::ModelProto model = parsed(bytes);
  REQUIRE_NOTHROW(onnx::checker::check_model(model));
  CHECK(model.opset_import(0).version() <= 17);
  const std::string side = std::to_string(size / 32), depth = std::to_string(channels);
  const onnx::GraphProto& graph = model.graph();
  REQUIRE(graph.input_size() == 1);
  CHECK(graph.input(0).name() == "image");
  CHECK(dimensions(graph.input(0)) == std::vector<std::string>{"N", "3", std::to_string(size), std::to_string(size)});
  REQUIRE(graph.output_size() == 4);
  CHECK(graph.output(0).name() == "logits");
  CHECK(dimensions(graph.output(0)) == std::vector<std::string>{"N", "8"});
  CHECK(graph.output(1).name() == "embedding");
  CHECK(dimensions(graph.output(1)) == std::vector<std::string>{"N", depth});
  CHECK(graph.output(2).name() == "features");
  CHECK(dimensions(graph.output(2)) == std::vector<std::string>{"N", depth, side, side});
  CHECK(graph.output(3).name() == "early_embedding");
  CHECK(dimensions(graph.output(3)) == std::vector<std::string>{"N", std::to_string(early_channels)});

  std::map<std::string, int> operators;
  for (const onnx::NodeProto& node : graph.node()) ++operators[node.op_type()];
  CHECK(operators.count("BatchNormalization") == 0);
  CHECK(operators["GlobalAveragePool"] == 2);
  CHECK(operators["Gemm"] == 1);
  CHECK(operators["MaxPool"] == (architecture == Architecture::MobileNetV2 ? 0 : 1));
  CHECK(operators[architecture == Architecture::MobileNetV2 ? "Clip" : "Relu"] > 10);

  std::set<std::string> tensors;
  for (const onnx::TensorProto& tensor : graph.initializer()) tensors.insert(tensor.name());
  const bool mobile = architecture == Architecture::MobileNetV2;
  CHECK(tensors.count(mobile ? "features.0.0.weight" : "conv1.weight") == 1);
  CHECK(tensors.count(mobile ? "classifier.1.bias" : "fc.bias") == 1);
}

TEST_CASE("the card is in the metadata, with the hash of the weights") {
  const NetworkConfig config{Architecture::MobileNetV2, 0.25, 8};
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 2));
  const onnx::ModelProto model = parsed(serialise_onnx(network, test_card(config, 64)));
  REQUIRE(model.metadata_props_size() == 1);
  CHECK(model.metadata_props(0).key() == "dermdistill.card");
  const auto card = nlohmann::json::parse(model.metadata_props(0).value());
  CHECK(card.at("classes").get<std::vector<std::string>>() == isic_classes());
  CHECK(card.at("preprocessing").at("size") == 64);
  CHECK(card.at("temperature") == 1.5);
  CHECK(card.at("notices").at(0) == "a notice");
  CHECK(card.at("weights_sha256").get<std::string>() == weights_sha256(network));
  CHECK(weights_sha256(network).size() == 64);

  FoldedNetwork other = network;
  other.classifier_bias[3] += 1;
  CHECK(weights_sha256(other) != weights_sha256(network));
}

TEST_CASE("the same network and card give the same bytes, also as a file") {
  const NetworkConfig config{Architecture::MobileNetV2, 0.25, 8};
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 3));
  const std::vector<std::byte> bytes = serialise_onnx(network, test_card(config, 64));
  CHECK(serialise_onnx(FoldedNetwork::from(random_network(config, 3)), test_card(config, 64)) == bytes);
  const TemporaryFolder folder;
  export_onnx(network, test_card(config, 64), folder.path() / "student.onnx");
  CHECK(read_file(folder.path() / "student.onnx") == bytes);
}

TEST_CASE("a card of another network, and weights that are not finite, are not exported") {
  const NetworkConfig config{Architecture::MobileNetV2, 0.25, 8};
  FoldedNetwork network = FoldedNetwork::from(random_network(config, 4));
  ModelCard card = test_card(config, 64);
  card.architecture = "resnet18";
  CHECK_THROWS_WITH(serialise_onnx(network, card), Contains("architecture is resnet18") && Contains("mobilenet_v2"));
  card = test_card(config, 64);
  card.width = 0.5;
  CHECK_THROWS_WITH(serialise_onnx(network, card), Contains("width is 0.5"));
  card = test_card(config, 64);
  card.classes.pop_back();
  CHECK_THROWS_WITH(serialise_onnx(network, card), Contains("7 classes") && Contains("8"));

  network.weights[5][7] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(serialise_onnx(network, test_card(config, 64)),
                    Contains(network.units[5].conv_name + ".weight") && Contains("value 7 is not finite"));
}

TEST_CASE("a folder that does not exist is named, and nothing is written") {
  const NetworkConfig config{Architecture::MobileNetV2, 0.25, 8};
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 5));
  const TemporaryFolder folder;
  CHECK_THROWS_AS(export_onnx(network, test_card(config, 64), folder.path() / "absent" / "student.onnx"), FileError);
  CHECK(std::filesystem::is_empty(folder.path()));
}
