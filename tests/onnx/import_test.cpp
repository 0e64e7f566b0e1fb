// Import: the same bits as were exported, and a reason for every file that is not one of ours.
#include "native/onnx/import.h"

#include <functional>
#include <limits>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "native/onnx/export.h"
#include "native/onnx/graph.h"
#include "native/train/predictor.h"
#include "test_models.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

std::vector<std::byte> exported() {
  static const std::vector<std::byte> bytes =
      serialise_onnx(FoldedNetwork::from(random_network(kSmallNetwork, 11)), test_card(kSmallNetwork, 64));
  return bytes;
}

/// The exported model, changed by `change`.
std::vector<std::byte> changed(const std::function<void(onnx::ModelProto&)>& change) {
  onnx::ModelProto model;
  const std::vector<std::byte> bytes = exported();
  REQUIRE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  change(model);
  std::vector<std::byte> result(model.ByteSizeLong());
  REQUIRE(model.SerializeToArray(result.data(), static_cast<int>(result.size())));
  return result;
}

/// The exported model with another value somewhere in its card.
std::vector<std::byte> with_card(const std::function<void(nlohmann::json&)>& change) {
  return changed([&](onnx::ModelProto& model) {
    auto card = nlohmann::json::parse(model.metadata_props(0).value());
    change(card);
    model.mutable_metadata_props(0)->set_value(card.dump());
  });
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

onnx::TensorProto& tensor_named(onnx::ModelProto& model, const std::string& name) {
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.name() == name) return tensor;
  }
  FAIL("no tensor " << name);
  throw std::logic_error(name);
}

}  // namespace

TEST_CASE("what is imported has the bits of what was exported") {
  const auto [architecture, width, size] = GENERATE(table<Architecture, double, int>({
      {Architecture::MobileNetV2, 1.0, 64},
      {Architecture::MobileNetV2, 0.5, 100},
      {Architecture::ResNet18, 1.0, 64},
  }));
  const NetworkConfig config{architecture, width, 5};
  CAPTURE(to_string(architecture), width, size);
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 12));
  const ModelCard card = test_card(config, size);
  const LoadedModel model = parse_onnx(serialise_onnx(network, card), "student.onnx");
  CHECK(model.network.weights == network.weights);
  CHECK(model.network.biases == network.biases);
  CHECK(model.network.classifier_weight == network.classifier_weight);
  CHECK(model.network.classifier_bias == network.classifier_bias);
  CHECK(model.network.config.architecture == architecture);
  CHECK(model.card.classes == card.classes);
  CHECK(model.card.temperature == card.temperature);
  CHECK(model.card.operating_points.size() == 1);
  CHECK(model.card.metrics == card.metrics);

  const std::vector<float> images = random_images(3, size, 1);
  CHECK(Predictor(model.network, model.card, 2).logits(images, 3) == Predictor(network, card, 2).logits(images, 3));
  CHECK(serialise_onnx(model.network, model.card) == serialise_onnx(network, card));
}

TEST_CASE("bytes that are not ONNX are refused") {
  CHECK_THROWS_WITH(parse_onnx({}, "empty.onnx"), Contains("empty.onnx") && Contains("it is empty"));
  CHECK_THROWS_WITH(parse_onnx(bytes_of("This is a text about skin lesions.\n"), "notes.onnx"),
                    Contains("notes.onnx") && Contains("not an ONNX model"));
  CHECK_THROWS_AS(parse_onnx(bytes_of("{\"a\": 1}"), "a.onnx"), FormatError);
}

TEST_CASE("a truncated file is refused wherever it ends") {
  const std::vector<std::byte> bytes = exported();
  for (std::size_t i = 1; i < 64; ++i) {
    const std::size_t length = bytes.size() * i / 64;
    CAPTURE(length, bytes.size());
    CHECK_THROWS_AS(parse_onnx(std::span(bytes).first(length), "part.onnx"), FormatError);
  }
  CHECK_THROWS_WITH(parse_onnx(std::span(bytes).first(bytes.size() / 2), "part.onnx"), Contains("only a part of one"));
  CHECK_THROWS_AS(parse_onnx(std::span(bytes).first(bytes.size() - 1), "part.onnx"), FormatError);
}

TEST_CASE("ONNX files of others are refused with the reason") {
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) { model.set_producer_name("pytorch"); }), "a.onnx"),
                    Contains("written by pytorch"));
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) { model.clear_producer_name(); }), "a.onnx"),
                    Contains("unnamed program"));
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) { model.clear_metadata_props(); }), "a.onnx"),
                    Contains("no model card"));
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) { model.mutable_metadata_props(0)->set_value("{"); }), "a.onnx"),
                    Contains("card is not valid JSON"));
}

TEST_CASE("tensors that are missing, mis-shaped, not finite or elsewhere are named") {
  const std::string name = "features.1.conv.0.0.weight";
  const auto with_tensor = [&](const std::function<void(onnx::TensorProto&)>& change) {
    return changed([&](onnx::ModelProto& model) { change(tensor_named(model, name)); });
  };
  CHECK_THROWS_WITH(parse_onnx(with_tensor([](auto& tensor) { tensor.set_name("other"); }), "a.onnx"),
                    Contains("no tensor " + name));
  CHECK_THROWS_WITH(parse_onnx(with_tensor([](auto& tensor) { tensor.set_dims(0, tensor.dims(0) + 1); }), "a.onnx"),
                    Contains("tensor " + name) && Contains("its shape is"));
  CHECK_THROWS_WITH(parse_onnx(with_tensor([](auto& tensor) { tensor.mutable_raw_data()->pop_back(); }), "a.onnx"),
                    Contains("tensor " + name) && Contains("bytes"));
  CHECK_THROWS_WITH(
      parse_onnx(with_tensor([](auto& tensor) { tensor.set_data_type(onnx::TensorProto::FLOAT16); }), "a.onnx"),
      Contains("tensor " + name) && Contains("float32"));
  CHECK_THROWS_WITH(parse_onnx(with_tensor([](auto& tensor) {
                                 tensor.set_data_location(onnx::TensorProto::EXTERNAL);
                                 tensor.clear_raw_data();
                                 auto& entry = *tensor.add_external_data();
                                 entry.set_key("location");
                                 entry.set_value("/etc/hostname");
                               }),
                               "a.onnx"),
                    Contains("tensor " + name) && Contains("another file"));
  CHECK_THROWS_WITH(parse_onnx(with_tensor([](auto& tensor) {
                                 const float bad = std::numeric_limits<float>::quiet_NaN();
                                 tensor.mutable_raw_data()->replace(8, 4, reinterpret_cast<const char*>(&bad), 4);
                               }),
                               "a.onnx"),
                    Contains(name) && Contains("value 2 is not finite"));
  CHECK_THROWS_WITH(
      parse_onnx(changed([&](auto& model) { *model.mutable_graph()->add_initializer() = tensor_named(model, name); }),
                 "a.onnx"),
      Contains("two tensors named " + name));
  CHECK_THROWS_WITH(parse_onnx(changed([&](auto& model) {
                                 onnx::TensorProto extra = tensor_named(model, name);
                                 extra.set_name("extra");
                                 *model.mutable_graph()->add_initializer() = extra;
                               }),
                               "a.onnx"),
                    Contains("unexpected tensor extra"));
}

TEST_CASE("a file whose graph or weights are not those of its card is refused") {
  CHECK_THROWS_WITH(
      parse_onnx(changed([](auto& model) { model.mutable_graph()->mutable_node(4)->set_op_type("Sigmoid"); }),
                 "a.onnx"),
      Contains("node 4 (Sigmoid") && Contains("differs"));
  CHECK_THROWS_WITH(
      parse_onnx(changed([](auto& model) { model.mutable_graph()->mutable_node()->RemoveLast(); }), "a.onnx"),
      Contains("nodes"));
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) { model.mutable_opset_import(0)->set_version(17); }), "a.onnx"),
                    Contains("opset 15"));
  CHECK_THROWS_WITH(
      parse_onnx(changed([](auto& model) { model.mutable_graph()->mutable_output(0)->set_name("scores"); }), "a.onnx"),
      Contains("inputs or outputs differ"));
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) {
                                 const float seven = 7;
                                 tensor_named(model, "relu6.max").set_raw_data(&seven, sizeof seven);
                               }),
                               "a.onnx"),
                    Contains("relu6.max"));
  CHECK_THROWS_WITH(parse_onnx(changed([](auto& model) {
                                 const float one = 1;
                                 tensor_named(model, "classifier.1.bias")
                                     .mutable_raw_data()
                                     ->replace(0, 4, reinterpret_cast<const char*>(&one), 4);
                               }),
                               "a.onnx"),
                    Contains("SHA-256"));
}

TEST_CASE("a file of before the early embedding is refused with the reason, but can be exported again") {
  const auto old = changed([](onnx::ModelProto& model) {
    onnx::GraphProto& graph = *model.mutable_graph();
    graph.mutable_output()->RemoveLast();
    for (int i = graph.node_size(); i-- > 0;)
      if (graph.node(i).output(0).starts_with("early_")) graph.mutable_node()->DeleteSubrange(i, 1);
    auto card = nlohmann::json::parse(model.metadata_props(0).value());
    card["out_of_distribution"] = {{"score", "energy"}, {"threshold", 1}};
    model.mutable_metadata_props(0)->set_value(card.dump());
  });
  CHECK_THROWS_WITH(parse_onnx(old, "old.onnx"),
                    Contains("old.onnx: it was exported before the early embedding") && Contains("dermdistill export"));
  const LoadedModel model = parse_onnx(old, "old.onnx", OldExports::Accept);
  CHECK(model.card.out_of_distribution.empty());
  CHECK(serialise_onnx(model.network, model.card) == exported());
}

TEST_CASE("a card that asks for another or an impossible network is refused") {
  CHECK_THROWS_WITH(parse_onnx(with_card([](auto& card) { card["architecture"] = "vgg16"; }), "a.onnx"),
                    Contains("a.onnx") && Contains("vgg16"));
  CHECK_THROWS_AS(parse_onnx(with_card([](auto& card) { card["architecture"] = "resnet18"; }), "a.onnx"), FormatError);
  CHECK_THROWS_WITH(parse_onnx(with_card([](auto& card) { card["width"] = 1e9; }), "a.onnx"), Contains("width"));
  CHECK_THROWS_AS(parse_onnx(with_card([](auto& card) { card["width"] = 0.5; }), "a.onnx"), FormatError);
  CHECK_THROWS_WITH(parse_onnx(with_card([](auto& card) { card["preprocessing"]["size"] = 8; }), "a.onnx"),
                    Contains("image size is 8"));
  CHECK_THROWS_WITH(parse_onnx(with_card([](auto& card) { card.erase("classes"); }), "a.onnx"), Contains("classes"));
}
