// The networks: MobileNetV2 and ResNet-18/34/50 with torchvision's parameter names and semantics.
// Without the dropout that torchvision puts before the classifier of MobileNetV2. A network is a short list of
// convolution units; TrainingPass and InferencePass run it for one batch shape.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/named_tensor.h"
#include "core/base/random.h"
#include "core/nn/backend.h"
#include "core/nn/parameter.h"

namespace dermdistill {

enum class Architecture { MobileNetV2, ResNet18, ResNet34, ResNet50 };

/// "mobilenet_v2", "resnet18", "resnet34", "resnet50". @throws InputError naming the known ones.
Architecture parse_architecture(std::string_view name);
std::string_view to_string(Architecture architecture);

struct NetworkConfig {
  Architecture architecture = Architecture::MobileNetV2;
  double width = 1.0;  // MobileNetV2's width multiplier; channels are rounded as torchvision rounds them
  int classes = 8;
};

enum class UnitKind { Convolution, MaxPool };  // MaxPool is 3x3, stride 2, padding 1

/// One node of the graph: out = act(batch_norm(conv(in)) + residual). Tensor 0 is the image, tensor i+1 unit i's
/// output.
struct Unit {
  UnitKind kind = UnitKind::Convolution;
  std::string conv_name, norm_name;  // torchvision prefixes: "features.1.conv.0.0", "features.1.conv.0.1"
  int in_channels = 0, out_channels = 0, kernel = 1, stride = 1, padding = 0;
  bool depthwise = false;
  Activation activation = Activation::None;
  int input = 0;
  int residual = -1;  // tensor added before the activation, or -1
};

/// The graph of a configuration, without weights; the last unit's output is the feature map.
std::vector<Unit> build_units(const NetworkConfig& config);

struct FeatureShape {
  int height = 0, width = 0, channels = 0;
};

/// Height, width and channels of the feature map for an image of that size.
FeatureShape feature_shape(std::span<const Unit> units, int height, int width);

/// The unit that ends the stage at an eighth of the image's side: of its last residual block. Its map knows texture and
/// colour rather than classes. @throws InputError for units without such a block.
int early_unit(std::span<const Unit> units);

/// Height, width and channels of that unit's map.
FeatureShape early_shape(std::span<const Unit> units, int height, int width);

/// What a pass returns; the spans live until the next forward of the same pass.
struct NetworkOutputs {
  int batch = 0;
  FeatureShape feature_shape;
  std::span<const Scalar> logits;     // [batch, classes]
  std::span<const Scalar> embedding;  // [batch, channels], the average over the feature map
  std::span<const Scalar> features;   // [batch, height, width, channels], after the last activation
  /// [batch, early channels], the average over the map of early_unit(); of an InferencePass only.
  std::span<const Scalar> early_embedding = {};
};

/// Gradients of a loss with respect to the outputs; an empty span counts as zero.
struct OutputGradients {
  std::span<const Scalar> logits, embedding, features;
};

struct LoadOptions {
  /// A classifier that is absent or of another class count keeps its present values (a start from ImageNet).
  bool replace_classifier = false;
};

/// Weights, gradients and running statistics.
class Network {
 public:
  explicit Network(const NetworkConfig& config);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  const NetworkConfig& config() const;
  std::span<const Unit> units() const;
  int embedding_size() const;
  std::string classifier_name() const;  // "classifier.1" or "fc"

  /// Kaiming normal (fan out) convolutions, unit batch norms, N(0, 0.01) classifier, as torchvision starts MobileNetV2.
  void initialise(Random& random);

  std::span<Parameter> parameters();
  std::span<const Parameter> parameters() const;

  /// All parameters and all running statistics, one after another in the engine's own layout and in a fixed order.
  std::span<Scalar> values();
  std::span<const Scalar> values() const;
  std::span<Scalar> statistics();
  std::span<const Scalar> statistics() const;

  /// Every parameter and running statistic under torchvision's names and in its layouts (OIHW).
  StateDict state() const;
  /// Gradients of the last backward, named and laid out like state().
  StateDict gradients() const;
  /// @throws ShapeError for a missing, unexpected or mis-shaped tensor, NumericError for a value that is not finite.
  void load(const StateDict& state, const LoadOptions& options = {});

 private:
  friend class TrainingPass;
  friend struct FoldedNetwork;
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

/// A network with batch norm folded into its convolutions: what inference, ONNX export and the browser use.
struct FoldedNetwork {
  NetworkConfig config;
  std::vector<Unit> units;
  std::vector<std::vector<Scalar>> weights;  // a unit: [out, in, k, k] (depthwise [channels, 1, k, k]); empty for pools
  std::vector<std::vector<Scalar>> biases;   // a unit: [out]
  std::vector<Scalar> classifier_weight;     // [classes, channels]
  std::vector<Scalar> classifier_bias;       // [classes]

  static FoldedNetwork from(const Network& network);
  /// All vectors sized and zero, to be filled from a file.
  static FoldedNetwork skeleton(const NetworkConfig& config);
};

class PassObserver;

/// Training mode for one batch shape: batch statistics, activations kept in one arena. The network must outlive it.
class TrainingPass {
 public:
  TrainingPass(Network& network, const Backend& backend, int batch, int height, int width);
  ~TrainingPass();
  TrainingPass(TrainingPass&&) noexcept;

  /// images [batch, height, width, 3], normalised; updates the running statistics (momentum 0.1, unbiased variance).
  NetworkOutputs forward(std::span<const Scalar> images);
  /// Overwrites the network's gradients. Needs the forward just before it.
  void backward(const OutputGradients& gradients);

  /// Told what the pass does next; null: nobody looks on.
  void observe(PassObserver* observer);
  std::size_t arena_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Evaluation mode with folded batch norm, for batches up to `max_batch`.
class InferencePass {
 public:
  InferencePass(const FoldedNetwork& network, const Backend& backend, int max_batch, int height, int width);
  ~InferencePass();
  InferencePass(InferencePass&&) noexcept;

  /// images [batch, height, width, 3], normalised.
  NetworkOutputs forward(std::span<const Scalar> images, int batch);

  /// Told what the pass does next; null: nobody looks on.
  void observe(PassObserver* observer);
  std::size_t arena_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermdistill
