#include "native/onnx/export.h"

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/base/sha256.h"
#include "native/onnx/graph.h"
#include "native/onnx/weights.h"

namespace dermdistill {
namespace {

void require_card_fits(const FoldedNetwork& network, const ModelCard& card) {
  const NetworkConfig& config = network.config;
  if (card.architecture != to_string(config.architecture)) {
    throw ShapeError("model card of " + card.name, "its architecture is " + card.architecture,
                     "the network's, " + std::string(to_string(config.architecture)));
  }
  if (config.architecture == Architecture::MobileNetV2 && card.width != config.width) {
    throw ShapeError("model card of " + card.name, "its width is " + std::to_string(card.width),
                     "the network's, " + std::to_string(config.width));
  }
  if (card.classes.size() != static_cast<std::size_t>(config.classes)) {
    throw ShapeError("model card of " + card.name, "it names " + std::to_string(card.classes.size()) + " classes",
                     "the network's " + std::to_string(config.classes));
  }
}

void add_weights(onnx::GraphProto& graph, const FoldedNetwork& network) {
  for (const auto& weight : named_weights(network)) {
    if (weight.values.size() != element_count(weight.shape)) {
      throw ShapeError("tensor " + weight.name, "it has " + std::to_string(weight.values.size()) + " values",
                       "the shape " + describe_shape(weight.shape));
    }
    require_finite(weight.name, weight.values);
    onnx::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(weight.name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : weight.shape) tensor.add_dims(size);
    tensor.set_raw_data(weight.values.data(), weight.values.size_bytes());
  }
}

/// ONNX's own opinion of the model: the checker, then strict shape inference against the declared outputs.
void check(const onnx::ModelProto& model) {
  try {
    onnx::checker::check_model(model);
    onnx::ModelProto inferred = model;
    onnx::shape_inference::InferShapes(inferred, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions{true, 1, false});
  } catch (const std::exception& error) {
    throw FormatError("the exported network", std::string("ONNX's checker says: ") + error.what());
  }
}

}  // namespace

std::string weights_sha256(const FoldedNetwork& network) {
  Sha256 hash;
  for (const auto& weight : named_weights(network)) {
    hash.add(weight.name).add(describe_shape(weight.shape)).add(std::as_bytes(weight.values));
  }
  return hash.finish();
}

std::vector<std::byte> serialise_onnx(const FoldedNetwork& network, const ModelCard& card) {
  require_card_fits(network, card);
  onnx::ModelProto model = onnx_graph(network, card.preprocessing.size);
  add_weights(*model.mutable_graph(), network);

  ModelCard complete = card;
  complete.weights_sha256 = weights_sha256(network);
  onnx::StringStringEntryProto& entry = *model.add_metadata_props();
  entry.set_key(kOnnxCardKey);
  entry.set_value(to_json_text(complete));
  check(model);

  std::vector<std::byte> bytes(model.ByteSizeLong());
  if (!model.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw FormatError("the exported network", "it could not be serialised as ONNX");
  }
  return bytes;
}

void export_onnx(const FoldedNetwork& network, const ModelCard& card, const std::filesystem::path& path) {
  write_file(path, serialise_onnx(network, card));
}

}  // namespace dermdistill
