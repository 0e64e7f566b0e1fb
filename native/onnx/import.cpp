#include "native/onnx/import.h"

#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/io/half.h"
#include "core/learn/out_of_distribution.h"
#include "native/base/files.h"
#include "native/onnx/export.h"
#include "native/onnx/graph.h"
#include "native/onnx/weights.h"

namespace dermdistill {
namespace {

constexpr char kExpected[] = "a file written by dermdistill export";

onnx::ModelProto parse_message(std::span<const std::byte> bytes, const std::string& name) {
  onnx::ModelProto model;
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  // Protocol buffers accept almost any short text as a message of unknown fields: a model has at least these three.
  if (!fits || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_ir_version() ||
      !model.has_graph() || model.opset_import_size() == 0) {
    throw FormatError(name, bytes.empty() ? "it is empty" : "it is not an ONNX model, or only a part of one",
                      kExpected);
  }
  return model;
}

ModelCard read_card(const onnx::ModelProto& model, const std::string& name) {
  if (model.producer_name() != kOnnxProducer) {
    throw FormatError(name,
                      model.producer_name().empty() ? std::string("it is an ONNX model of an unnamed program")
                                                    : "it is an ONNX model written by " + model.producer_name(),
                      kExpected);
  }
  for (const onnx::StringStringEntryProto& entry : model.metadata_props()) {
    if (entry.key() == kOnnxCardKey) return parse_model_card(entry.value(), name);
  }
  throw FormatError(name, "it has no model card", std::string("the metadata entry ") + kOnnxCardKey);
}

std::string bytes_of(const google::protobuf::MessageLite& message) { return message.SerializeAsString(); }

template <typename Repeated>
bool same_messages(const Repeated& a, const Repeated& b) {
  if (a.size() != b.size()) return false;
  for (int i = 0; i < a.size(); ++i) {
    if (bytes_of(a[i]) != bytes_of(b[i])) return false;
  }
  return true;
}

bool same_graph(const onnx::ModelProto& model, const onnx::ModelProto& expected) {
  return same_messages(model.opset_import(), expected.opset_import()) &&
         same_messages(model.graph().node(), expected.graph().node()) &&
         same_messages(model.graph().input(), expected.graph().input()) &&
         same_messages(model.graph().output(), expected.graph().output());
}

/// The card says which network this is; a file whose nodes compute something else must not be run as that network.
void require_same_graph(const onnx::ModelProto& model, const onnx::ModelProto& expected, const std::string& name) {
  const onnx::GraphProto& graph = model.graph();
  const onnx::GraphProto& wanted = expected.graph();
  const std::string network = "the graph of " + wanted.name() + " that its card describes";
  if (!same_messages(model.opset_import(), expected.opset_import())) {
    throw FormatError(name, "it uses other operator sets", "opset " + std::to_string(kOnnxOpset));
  }
  if (graph.node_size() != wanted.node_size()) {
    throw FormatError(name, "its graph has " + std::to_string(graph.node_size()) + " nodes",
                      network + ", with " + std::to_string(wanted.node_size()));
  }
  for (int i = 0; i < graph.node_size(); ++i) {
    if (bytes_of(graph.node(i)) != bytes_of(wanted.node(i))) {
      throw FormatError(
          name, "node " + std::to_string(i) + " (" + graph.node(i).op_type() + " " + graph.node(i).name() + ") differs",
          network);
    }
  }
  if (!same_messages(graph.input(), wanted.input()) || !same_messages(graph.output(), wanted.output())) {
    throw FormatError(name, "its inputs or outputs differ", network);
  }
}

void read_statistics(const onnx::ModelProto& model, LoadedModel& loaded, const std::string& name) {
  const std::vector<Unit>& units = loaded.network.units;
  for (const onnx::StringStringEntryProto& entry : model.metadata_props()) {
    if (entry.key() == kOnnxStatisticsKey) {
      loaded.statistics = statistics_from_text(entry.value(), name);
      if (loaded.statistics->classes != loaded.card.classes || loaded.statistics->channels != units.back().out_channels)
        throw FormatError(name, "its embedding statistics are of other classes or channels", "those of its card");
    }
    if (entry.key() == kOnnxEarlyStatisticsKey) {
      loaded.early_statistics = gaussian_from_text(entry.value(), name);
      if (loaded.early_statistics->channels != units[static_cast<std::size_t>(early_unit(units))].out_channels)
        throw FormatError(name, "its statistics of early embeddings are of other channels", "those of its network");
    }
  }
}

/// The raw bytes of a tensor of that type and shape. @throws FormatError naming it.
const std::string& tensor_data(const onnx::TensorProto& tensor, std::span<const std::int64_t> shape, bool half,
                               const std::string& name) {
  const std::string thing = name + ": tensor " + tensor.name();
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
    throw FormatError(thing, "its values are in another file", "values inside the model");
  }
  const std::vector<std::int64_t> stored(tensor.dims().begin(), tensor.dims().end());
  if (tensor.data_type() != (half ? onnx::TensorProto::FLOAT16 : onnx::TensorProto::FLOAT))
    throw FormatError(thing, half ? "it is not of float16" : "it is not of float32",
                      half ? "float16 values" : "float32 values");
  if (stored != std::vector<std::int64_t>(shape.begin(), shape.end())) {
    throw FormatError(thing, "its shape is " + describe_shape(stored), describe_shape(shape));
  }
  const std::size_t size = element_count(shape) * (half ? sizeof(std::uint16_t) : sizeof(float));
  if (tensor.raw_data().size() != size) {
    throw FormatError(thing, "it holds " + std::to_string(tensor.raw_data().size()) + " bytes",
                      std::to_string(size) + " bytes");
  }
  return tensor.raw_data();
}

/// Each file says by its own tensors which weights are in half precision: older ones have all convolutions so.
std::set<std::string> names_stored_half(const onnx::GraphProto& graph) {
  const std::string_view suffix = kOnnxHalfSuffix;
  std::set<std::string> names;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    const std::string& name = tensor.name();
    if (name.ends_with(suffix)) names.insert(name.substr(0, name.size() - suffix.size()));
  }
  return names;
}

void fill_weights(FoldedNetwork& network, const onnx::GraphProto& graph, const onnx::GraphProto& expected,
                  const std::set<std::string>& half_weights, const std::string& name) {
  std::map<std::string, const onnx::TensorProto*> tensors;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (!tensors.emplace(tensor.name(), &tensor).second)
      throw FormatError(name, "it has two tensors named " + tensor.name());
  }
  const auto take = [&](const std::string& tensor) -> const onnx::TensorProto& {
    const auto found = tensors.find(tensor);
    if (found == tensors.end()) throw FormatError(name, "it has no tensor " + tensor, "every weight of the network");
    const onnx::TensorProto& result = *found->second;
    tensors.erase(found);
    return result;
  };
  for (const onnx::TensorProto& constant : expected.initializer()) {
    if (tensor_data(take(constant.name()), {}, false, name) != constant.raw_data()) {
      throw FormatError(name, "the constant " + constant.name() + " has another value", "the limits 0 and 6 of ReLU6");
    }
  }
  for (auto& weight : named_weights(network)) {
    const bool half = half_weights.contains(weight.name);
    const std::string& data =
        tensor_data(take(half ? weight.name + kOnnxHalfSuffix : weight.name), weight.shape, half, name);
    if (half) {
      std::vector<std::uint16_t> halves(weight.values.size());
      std::memcpy(halves.data(), data.data(), data.size());
      from_half(halves, weight.values);
    } else {
      std::memcpy(weight.values.data(), data.data(), data.size());
    }
    require_finite(weight.name + " of " + name, weight.values);
  }
  if (!tensors.empty())
    throw FormatError(name, "it has an unexpected tensor " + tensors.begin()->first, "the network's own tensors");
  if (graph.sparse_initializer_size() > 0) throw FormatError(name, "it has sparse tensors", "dense ones");
}

}  // namespace

LoadedModel parse_onnx(std::span<const std::byte> bytes, std::string_view file, OldExports old_exports) {
  const std::string name(file);
  const onnx::ModelProto model = parse_message(bytes, name);
  LoadedModel result{{}, read_card(model, name)};
  result.network = FoldedNetwork::skeleton(network_config(result.card, name));
  const std::set<std::string> half_weights = names_stored_half(model.graph());
  const int size = result.card.preprocessing.size;
  const onnx::ModelProto expected = onnx_graph(result.network, size, {.half_weights = half_weights});
  if (same_graph(model, onnx_graph(result.network, size, {.half_weights = half_weights, .early_embedding = false}))) {
    if (old_exports == OldExports::Refuse) throw FormatError(name, kBeforeEarlyEmbedding, kExportAgain);
    result.card.out_of_distribution = nlohmann::json::object();
  } else {
    require_same_graph(model, expected, name);
  }
  fill_weights(result.network, model.graph(), expected.graph(), half_weights, name);
  if (weights_sha256(result.network) != result.card.weights_sha256) {
    throw FormatError(name, "its weights do not have the SHA-256 of its card",
                      "weights that were not changed since the export");
  }
  if (!result.card.trunk_sha256.empty() && result.card.trunk_sha256 != trunk_sha256(result.network))
    throw FormatError(name, "its trunk does not have the SHA-256 of its card", "a card of the same trunk");
  read_statistics(model, result, name);
  return result;
}

LoadedModel import_onnx(const std::filesystem::path& path, OldExports old_exports) {
  return parse_onnx(read_file(path), path.string(), old_exports);
}

}  // namespace dermdistill
