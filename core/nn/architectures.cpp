// The graphs of MobileNetV2 (Sandler et al. 2018) and ResNet (He et al. 2015; v1.5 as torchvision has it).
#include <algorithm>
#include <array>
#include <string>

#include "core/base/error.h"
#include "core/nn/network.h"

namespace dermdistill {
namespace {

/// torchvision's _make_divisible: the nearest multiple of 8, never more than 10 % below.
int make_divisible(double channels) {
  const int rounded = std::max(8, static_cast<int>(channels + 4.0) / 8 * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/// Appends units and knows the tensor that the last one produced.
class GraphBuilder {
 public:
  int convolution(std::string conv_name, std::string norm_name, int input, int in, int out, int kernel, int stride,
                  Activation activation, bool depthwise = false, int residual = -1) {
    Unit unit;
    unit.conv_name = std::move(conv_name);
    unit.norm_name = std::move(norm_name);
    unit.in_channels = in;
    unit.out_channels = out;
    unit.kernel = kernel;
    unit.stride = stride;
    unit.padding = kernel / 2;
    unit.depthwise = depthwise;
    unit.activation = activation;
    unit.input = input;
    unit.residual = residual;
    return append(std::move(unit));
  }

  int max_pool(int input, int channels) {
    Unit unit;
    unit.kind = UnitKind::MaxPool;
    unit.in_channels = unit.out_channels = channels;
    unit.kernel = 3;
    unit.stride = 2;
    unit.padding = 1;
    unit.input = input;
    return append(std::move(unit));
  }

  std::vector<Unit> take() { return std::move(units_); }

 private:
  int append(Unit unit) {
    units_.push_back(std::move(unit));
    return static_cast<int>(units_.size());
  }
  std::vector<Unit> units_;
};

std::vector<Unit> mobilenet_v2(double width) {
  struct Stage {
    int expansion, channels, blocks, stride;
  };
  constexpr std::array<Stage, 7> kStages{
      {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};
  GraphBuilder graph;
  int channels = make_divisible(32 * width);
  int tensor = graph.convolution("features.0.0", "features.0.1", 0, 3, channels, 3, 2, Activation::Relu6);
  int index = 1;
  for (const Stage& stage : kStages) {
    const int out = make_divisible(stage.channels * width);
    for (int block = 0; block < stage.blocks; ++block, ++index) {
      const int stride = block == 0 ? stage.stride : 1;
      const int hidden = channels * stage.expansion;
      const std::string prefix = "features." + std::to_string(index) + ".conv.";
      int part = 0;
      int inner = tensor;
      if (stage.expansion != 1) {
        inner = graph.convolution(prefix + "0.0", prefix + "0.1", inner, channels, hidden, 1, 1, Activation::Relu6);
        part = 1;
      }
      const std::string depthwise = prefix + std::to_string(part);
      inner = graph.convolution(depthwise + ".0", depthwise + ".1", inner, hidden, hidden, 3, stride, Activation::Relu6,
                                true);
      tensor = graph.convolution(prefix + std::to_string(part + 1), prefix + std::to_string(part + 2), inner, hidden,
                                 out, 1, 1, Activation::None, false, stride == 1 && channels == out ? tensor : -1);
      channels = out;
    }
  }
  const std::string last = "features." + std::to_string(index);
  graph.convolution(last + ".0", last + ".1", tensor, channels, make_divisible(1280 * std::max(1.0, width)), 1, 1,
                    Activation::Relu6);
  return graph.take();
}

std::vector<Unit> resnet(const std::array<int, 4>& blocks, bool bottleneck) {
  GraphBuilder graph;
  int tensor = graph.max_pool(graph.convolution("conv1", "bn1", 0, 3, 64, 7, 2, Activation::Relu), 64);
  int channels = 64;
  for (int layer = 0; layer < 4; ++layer) {
    const int planes = 64 << layer;
    const int out = bottleneck ? planes * 4 : planes;
    for (int block = 0; block < blocks[static_cast<std::size_t>(layer)]; ++block) {
      const int stride = block == 0 && layer > 0 ? 2 : 1;
      const std::string prefix = "layer" + std::to_string(layer + 1) + "." + std::to_string(block) + ".";
      int residual = tensor;
      if (stride != 1 || channels != out) {
        residual = graph.convolution(prefix + "downsample.0", prefix + "downsample.1", tensor, channels, out, 1, stride,
                                     Activation::None);
      }
      if (bottleneck) {
        const int first =
            graph.convolution(prefix + "conv1", prefix + "bn1", tensor, channels, planes, 1, 1, Activation::Relu);
        const int second =
            graph.convolution(prefix + "conv2", prefix + "bn2", first, planes, planes, 3, stride, Activation::Relu);
        tensor = graph.convolution(prefix + "conv3", prefix + "bn3", second, planes, out, 1, 1, Activation::Relu, false,
                                   residual);
      } else {
        const int first =
            graph.convolution(prefix + "conv1", prefix + "bn1", tensor, channels, planes, 3, stride, Activation::Relu);
        tensor = graph.convolution(prefix + "conv2", prefix + "bn2", first, planes, out, 3, 1, Activation::Relu, false,
                                   residual);
      }
      channels = out;
    }
  }
  return graph.take();
}

constexpr std::array<std::pair<Architecture, std::string_view>, 4> kNames{{{Architecture::MobileNetV2, "mobilenet_v2"},
                                                                           {Architecture::ResNet18, "resnet18"},
                                                                           {Architecture::ResNet34, "resnet34"},
                                                                           {Architecture::ResNet50, "resnet50"}}};

}  // namespace

Architecture parse_architecture(std::string_view name) {
  for (const auto& [architecture, known] : kNames) {
    if (known == name) return architecture;
  }
  throw InputError("architecture " + std::string(name), "is unknown", "mobilenet_v2, resnet18, resnet34 or resnet50");
}

std::string_view to_string(Architecture architecture) {
  for (const auto& [known, name] : kNames) {
    if (known == architecture) return name;
  }
  return "unknown";
}

std::vector<Unit> build_units(const NetworkConfig& config) {
  if (config.classes < 1)
    throw InputError("network", "has " + std::to_string(config.classes) + " classes", "at least 1");
  if (!(config.width > 0.0 && config.width <= 4.0)) {
    throw InputError("network", "has the width multiplier " + std::to_string(config.width),
                     "more than 0 and at most 4");
  }
  if (config.architecture != Architecture::MobileNetV2 && config.width != 1.0) {
    throw InputError("network", "has a width multiplier, which only mobilenet_v2 knows", "width 1");
  }
  switch (config.architecture) {
    case Architecture::ResNet18:
      return resnet({2, 2, 2, 2}, false);
    case Architecture::ResNet34:
      return resnet({3, 4, 6, 3}, false);
    case Architecture::ResNet50:
      return resnet({3, 4, 6, 3}, true);
    case Architecture::MobileNetV2:
      break;
  }
  return mobilenet_v2(config.width);
}

namespace {

/// Of the image and of every unit's output.
std::vector<FeatureShape> tensor_shapes(std::span<const Unit> units, int height, int width) {
  std::vector<FeatureShape> shapes{{height, width, 3}};
  for (const Unit& unit : units) {
    const FeatureShape& in = shapes[static_cast<std::size_t>(unit.input)];
    shapes.push_back({(in.height + 2 * unit.padding - unit.kernel) / unit.stride + 1,
                      (in.width + 2 * unit.padding - unit.kernel) / unit.stride + 1, unit.out_channels});
    if (shapes.back().height < 1 || shapes.back().width < 1) {
      throw InputError("image size " + std::to_string(height) + "x" + std::to_string(width),
                       "is too small for the network");
    }
  }
  return shapes;
}

}  // namespace

FeatureShape feature_shape(std::span<const Unit> units, int height, int width) {
  return tensor_shapes(units, height, width).back();
}

int early_unit(std::span<const Unit> units) {
  constexpr int kEighth = 8;
  std::vector<int> strides{1};  // of the image and of every unit's output
  int found = -1;
  for (std::size_t u = 0; u < units.size(); ++u) {
    strides.push_back(strides[static_cast<std::size_t>(units[u].input)] * units[u].stride);
    if (strides.back() == kEighth && units[u].residual >= 0) found = static_cast<int>(u);
  }
  if (found < 0)
    throw InputError("network", "has no residual block at an eighth of the image's side", "MobileNetV2 or a ResNet");
  return found;
}

FeatureShape early_shape(std::span<const Unit> units, int height, int width) {
  return tensor_shapes(units, height, width)[static_cast<std::size_t>(early_unit(units)) + 1];
}

}  // namespace dermdistill
