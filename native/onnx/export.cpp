#include "native/onnx/export.h"

#include <set>

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include "core/base/error.h"
#include "core/io/half.h"
#include "core/io/weights_digest.h"
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

// Rounding is felt in the logits where it falls on depthwise convolutions and on small ones: those stay float32. Of a
// MobileNetV2 of width 1 the eight largest are left, seven tenths of its values.
constexpr std::size_t kLeastHalf = 60'000;

bool is_stored_half(const NamedWeight<const float>& weight) {
  const bool depthwise = weight.shape.size() == 4 && weight.shape[1] == 1;
  return weight.shape.size() == 4 && !depthwise && weight.values.size() >= kLeastHalf;
}

std::set<std::string> stored_half(const FoldedNetwork& network) {
  std::set<std::string> names;
  for (const auto& weight : named_weights(network))
    if (is_stored_half(weight)) names.insert(weight.name);
  return names;
}

void set_values(onnx::TensorProto& tensor, const NamedWeight<const float>& weight, bool half) {
  if (!half) {
    tensor.set_name(weight.name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.set_raw_data(weight.values.data(), weight.values.size_bytes());
    return;
  }
  std::vector<std::uint16_t> halves(weight.values.size());
  to_half(weight.values, halves);
  tensor.set_name(weight.name + kOnnxHalfSuffix);
  tensor.set_data_type(onnx::TensorProto::FLOAT16);
  tensor.set_raw_data(halves.data(), halves.size() * sizeof(std::uint16_t));
}

/// The network that a reader of the file computes with. @throws NumericError for a weight that half precision cannot
/// hold.
FoldedNetwork rounded_to_half(const FoldedNetwork& network, const std::set<std::string>& half_weights) {
  FoldedNetwork rounded = network;
  for (auto& weight : named_weights(rounded)) {
    if (!half_weights.contains(weight.name)) continue;
    for (float& value : weight.values) value = from_half(to_half(value));
    require_finite(weight.name + " in half precision", weight.values);
  }
  return rounded;
}

void add_weights(onnx::GraphProto& graph, const FoldedNetwork& network, const std::set<std::string>& half_weights) {
  for (const auto& weight : named_weights(network)) {
    if (weight.values.size() != element_count(weight.shape)) {
      throw ShapeError("tensor " + weight.name, "it has " + std::to_string(weight.values.size()) + " values",
                       "the shape " + describe_shape(weight.shape));
    }
    require_finite(weight.name, weight.values);
    onnx::TensorProto& tensor = *graph.add_initializer();
    for (const std::int64_t size : weight.shape) tensor.add_dims(size);
    set_values(tensor, weight, half_weights.contains(weight.name));
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

namespace {

std::string sha256_of(std::span<const NamedWeight<const float>> weights) {
  Sha256 hash;
  std::vector<std::byte> bytes;
  for (const auto& weight : weights) {
    bytes.clear();
    append_digest_input(weight.name, weight.shape, weight.values, bytes);
    hash.add(bytes);
  }
  return hash.finish();
}

}  // namespace

std::string weights_sha256(const FoldedNetwork& network) { return sha256_of(named_weights(network)); }

std::string trunk_sha256(const FoldedNetwork& network) {
  const std::vector<NamedWeight<const float>> weights = named_weights(network);
  return sha256_of(std::span(weights).first(weights.size() - kClassifierTensors));
}

std::vector<std::byte> serialise_onnx(const FoldedNetwork& original, const ModelCard& card,
                                      const OnnxOptions& options) {
  require_card_fits(original, card);
  const std::set<std::string> half_weights = options.half_weights ? stored_half(original) : std::set<std::string>{};
  const FoldedNetwork network = rounded_to_half(original, half_weights);
  onnx::ModelProto model = onnx_graph(network, card.preprocessing.size, {.half_weights = half_weights});
  add_weights(*model.mutable_graph(), network, half_weights);

  ModelCard complete = card;
  complete.weights_sha256 = weights_sha256(network);
  complete.trunk_sha256 = trunk_sha256(network);
  const auto add_entry = [&model](const char* key, const std::string& value) {
    onnx::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  };
  add_entry(kOnnxCardKey, to_json_text(complete));
  if (options.statistics) add_entry(kOnnxStatisticsKey, statistics_to_text(*options.statistics));
  if (options.early_statistics) add_entry(kOnnxEarlyStatisticsKey, gaussian_to_text(*options.early_statistics));
  check(model);

  std::vector<std::byte> bytes(model.ByteSizeLong());
  if (!model.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw FormatError("the exported network", "it could not be serialised as ONNX");
  }
  return bytes;
}

void export_onnx(const FoldedNetwork& network, const ModelCard& card, const std::filesystem::path& path,
                 const OnnxOptions& options) {
  write_file(path, serialise_onnx(network, card, options));
}

}  // namespace dermdistill
