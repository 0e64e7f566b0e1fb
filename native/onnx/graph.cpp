#include "native/onnx/graph.h"

#include <bit>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "native/onnx/weights.h"

static_assert(std::endian::native == std::endian::little, "ONNX stores raw tensors little-endian");

namespace dermdistill {
namespace {

constexpr char kBatch[] = "N";
constexpr char kClipLow[] = "relu6.min";
constexpr char kClipHigh[] = "relu6.max";

class GraphBuilder {
 public:
  explicit GraphBuilder(onnx::GraphProto& graph) : graph_(graph) {}

  onnx::NodeProto& node(const char* type, const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto& node = *graph_.add_node();
    node.set_op_type(type);
    node.set_name(output);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  static void integers(onnx::NodeProto& node, const char* name, std::initializer_list<std::int64_t> values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute.add_ints(value);
  }

  static void integer(onnx::NodeProto& node, const char* name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }

  void scalar(const char* name, float value) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.set_raw_data(&value, sizeof value);
  }

  /// A float tensor whose first dimension is the batch, which is left open.
  static void value(onnx::ValueInfoProto& info, const char* name, std::initializer_list<std::int64_t> sizes) {
    info.set_name(name);
    onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    onnx::TensorShapeProto& shape = *tensor.mutable_shape();
    shape.add_dim()->set_dim_param(kBatch);
    for (const std::int64_t size : sizes) shape.add_dim()->set_dim_value(size);
  }

 private:
  onnx::GraphProto& graph_;
};

/// Adds the nodes of one unit, of which the last writes `output`.
void add_unit(GraphBuilder& builder, const Unit& unit, const std::vector<std::string>& tensors,
              const std::string& output) {
  const std::string& input = tensors[static_cast<std::size_t>(unit.input)];
  if (unit.kind == UnitKind::MaxPool) {
    onnx::NodeProto& pool = builder.node("MaxPool", {input}, output);
    GraphBuilder::integers(pool, "kernel_shape", {3, 3});
    GraphBuilder::integers(pool, "strides", {2, 2});
    GraphBuilder::integers(pool, "pads", {1, 1, 1, 1});
    return;
  }
  const bool adds = unit.residual >= 0;
  const bool activates = unit.activation != Activation::None;

  std::string current = adds || activates ? unit.conv_name + ".conv" : output;
  onnx::NodeProto& conv = builder.node("Conv", {input, unit.conv_name + ".weight", unit.conv_name + ".bias"}, current);
  GraphBuilder::integers(conv, "kernel_shape", {unit.kernel, unit.kernel});
  GraphBuilder::integers(conv, "strides", {unit.stride, unit.stride});
  GraphBuilder::integers(conv, "pads", {unit.padding, unit.padding, unit.padding, unit.padding});
  GraphBuilder::integer(conv, "group", unit.depthwise ? unit.in_channels : 1);

  if (adds) {
    const std::string sum = activates ? unit.conv_name + ".sum" : output;
    builder.node("Add", {current, tensors[static_cast<std::size_t>(unit.residual)]}, sum);
    current = sum;
  }
  if (unit.activation == Activation::Relu) builder.node("Relu", {current}, output);
  if (unit.activation == Activation::Relu6) builder.node("Clip", {current, kClipLow, kClipHigh}, output);
}

}  // namespace

onnx::ModelProto onnx_graph(const FoldedNetwork& network, int size, const OnnxGraphOptions& options) {
  onnx::ModelProto model;
  model.set_ir_version(kOnnxIrVersion);
  model.set_producer_name(kOnnxProducer);
  onnx::OperatorSetIdProto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOnnxOpset);

  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(std::string(to_string(network.config.architecture)));
  GraphBuilder builder(graph);

  const FeatureShape shape = feature_shape(network.units, size, size);
  GraphBuilder::value(*graph.add_input(), "image", {3, size, size});
  GraphBuilder::value(*graph.add_output(), "logits", {network.config.classes});
  GraphBuilder::value(*graph.add_output(), "embedding", {shape.channels});
  GraphBuilder::value(*graph.add_output(), "features", {shape.channels, shape.height, shape.width});
  const std::size_t early = static_cast<std::size_t>(early_unit(network.units));
  if (options.early_embedding)
    GraphBuilder::value(*graph.add_output(), "early_embedding", {network.units[early].out_channels});

  for (const Unit& unit : network.units) {
    const std::string weight = unit.conv_name + ".weight";
    if (unit.kind != UnitKind::Convolution || !options.half_weights.contains(weight)) continue;
    GraphBuilder::integer(builder.node("Cast", {weight + kOnnxHalfSuffix}, weight), "to", onnx::TensorProto::FLOAT);
  }

  std::vector<std::string> tensors{"image"};
  bool clips = false;
  for (std::size_t i = 0; i < network.units.size(); ++i) {
    const Unit& unit = network.units[i];
    const bool last = i + 1 == network.units.size();
    const std::string output = last ? "features" : unit.kind == UnitKind::MaxPool ? "maxpool" : unit.conv_name + ".out";
    add_unit(builder, unit, tensors, output);
    tensors.push_back(output);
    clips = clips || unit.activation == Activation::Relu6;
  }
  if (clips) {
    builder.scalar(kClipLow, 0.0F);
    builder.scalar(kClipHigh, 6.0F);
  }

  if (options.early_embedding) {
    builder.node("GlobalAveragePool", {tensors[early + 1]}, "early_pooled");
    GraphBuilder::integer(builder.node("Flatten", {"early_pooled"}, "early_embedding"), "axis", 1);
  }
  builder.node("GlobalAveragePool", {"features"}, "pooled");
  GraphBuilder::integer(builder.node("Flatten", {"pooled"}, "embedding"), "axis", 1);
  const std::string classifier = classifier_prefix(network.config.architecture);
  onnx::NodeProto& gemm = builder.node("Gemm", {"embedding", classifier + ".weight", classifier + ".bias"}, "logits");
  GraphBuilder::integer(gemm, "transB", 1);
  return model;
}

}  // namespace dermdistill
