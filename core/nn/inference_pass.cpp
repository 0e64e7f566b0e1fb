#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/nn/accelerator.h"
#include "core/nn/arena.h"
#include "core/nn/network.h"
#include "core/nn/network_storage.h"
#include "core/nn/pass_observer.h"
#include "core/nn/pooling.h"

namespace dermdistill {

struct InferencePass::State {
  struct Step {
    Unit unit;
    std::unique_ptr<FusedConvolution> convolution;
    int in_height = 0, in_width = 0;
    std::size_t size = 0;  // values of the output for the full batch
  };
  const Backend* backend;
  int max_batch, height, width, classes;
  FeatureShape features, early;
  int early_unit = 0;
  std::vector<Step> steps;
  std::vector<Arena::Id> tensors;  // tensor 0 is the image
  Arena arena;
  Arena::Id embedding = 0, early_embedding = 0, logits = 0;
  std::vector<Scalar> classifier_weight, classifier_bias;
  PassObserver* observer = nullptr;
  std::unique_ptr<InferenceEngine> engine;  // does all up to the embedding, where the backend has an accelerator
  Arena::Id engine_map = 0;                 // its features

  void plan_on(const Accelerator& accelerator, const FoldedNetwork& network);
  void forward_units(std::span<const Scalar> images);
  std::span<Scalar> tensor(int index) const { return arena.buffer(tensors[static_cast<std::size_t>(index)]); }
  void enter(PassPart part) const {
    if (observer != nullptr) observer->enter(part, false);
  }
};

/// In place of planning a pass on this processor.
void InferencePass::State::plan_on(const Accelerator& accelerator, const FoldedNetwork& network) {
  InferenceNumbers numbers{network.units, {}, network.biases, early_unit};
  for (std::size_t u = 0; u < network.units.size(); ++u) {
    numbers.weights.emplace_back(network.weights[u].size());
    if (network.units[u].kind == UnitKind::Convolution) {
      from_torch_layout(network.units[u], network.weights[u], numbers.weights.back());
    }
  }
  engine = accelerator.inference(numbers, max_batch, height, width);
  const std::size_t pixels = static_cast<std::size_t>(max_batch) * static_cast<std::size_t>(height * width);
  tensors = {arena.reserve(3 * pixels, 0, 1)};
  const std::size_t map = static_cast<std::size_t>(max_batch) * static_cast<std::size_t>(features.height) *
                          static_cast<std::size_t>(features.width * features.channels);
  engine_map = arena.reserve(map, 0, 1);
  embedding = arena.reserve(static_cast<std::size_t>(max_batch * features.channels), 0, 1);
  early_embedding = arena.reserve(static_cast<std::size_t>(max_batch * early.channels), 0, 1);
  logits = arena.reserve(static_cast<std::size_t>(max_batch * classes), 0, 1);
  arena.allocate();
  engine->keep(arena.memory());
}

InferencePass::InferencePass(const FoldedNetwork& network, const Backend& backend, int max_batch, int height, int width)
    : state_(std::make_unique<State>()) {
  if (max_batch < 1) throw ShapeError("inference", "a batch of " + std::to_string(max_batch) + " images", "at least 1");
  State& s = *state_;
  s.backend = &backend;
  s.max_batch = max_batch;
  s.height = height;
  s.width = width;
  s.classes = network.config.classes;
  s.features = feature_shape(network.units, height, width);
  s.early = early_shape(network.units, height, width);
  s.early_unit = early_unit(network.units);
  s.classifier_weight = network.classifier_weight;
  s.classifier_bias = network.classifier_bias;

  if (const Accelerator* accelerator = backend.accelerator()) {
    s.plan_on(*accelerator, network);
    return;
  }
  const int units = static_cast<int>(network.units.size());
  std::vector<int> last_use(network.units.size() + 1, 0);
  for (int u = 0; u < units; ++u) {
    const Unit& unit = network.units[static_cast<std::size_t>(u)];
    last_use[static_cast<std::size_t>(unit.input)] = u;
    if (unit.residual >= 0) last_use[static_cast<std::size_t>(unit.residual)] = u;
  }
  last_use.back() = units + 1;

  std::vector<std::pair<int, int>> sizes{{height, width}};
  s.tensors.push_back(s.arena.reserve(
      static_cast<std::size_t>(max_batch) * static_cast<std::size_t>(height * width * 3), 0, last_use[0]));
  for (int u = 0; u < units; ++u) {
    const Unit& unit = network.units[static_cast<std::size_t>(u)];
    const auto [in_height, in_width] = sizes[static_cast<std::size_t>(unit.input)];
    const ConvShape shape{max_batch,   in_height,   in_width,     unit.in_channels, unit.out_channels,
                          unit.kernel, unit.stride, unit.padding, unit.depthwise};
    State::Step step;
    step.unit = unit;
    step.in_height = in_height;
    step.in_width = in_width;
    step.size = shape.output_size();
    sizes.emplace_back(shape.out_height(), shape.out_width());
    if (unit.kind == UnitKind::Convolution) {
      std::vector<Scalar> weight(shape.weight_size());
      from_torch_layout(unit, network.weights[static_cast<std::size_t>(u)], weight);
      step.convolution = backend.fused_convolution(shape, weight, network.biases[static_cast<std::size_t>(u)],
                                                   unit.activation, unit.residual >= 0);
    }
    const std::size_t out = static_cast<std::size_t>(u) + 1;
    if (unit.residual >= 0 && last_use[static_cast<std::size_t>(unit.residual)] == u) {
      // The residual is not read again: the result is added onto it in place.
      s.tensors.push_back(s.tensors[static_cast<std::size_t>(unit.residual)]);
      s.arena.keep_until(s.tensors.back(), last_use[out]);
    } else {
      s.tensors.push_back(s.arena.reserve(step.size, u, last_use[out]));
    }
    s.steps.push_back(std::move(step));
  }
  s.embedding = s.arena.reserve(static_cast<std::size_t>(max_batch * s.features.channels), units, units + 1);
  s.early_embedding = s.arena.reserve(static_cast<std::size_t>(max_batch * s.early.channels), s.early_unit, units + 1);
  s.logits = s.arena.reserve(static_cast<std::size_t>(max_batch * s.classes), units, units + 1);
  s.arena.allocate();
}

InferencePass::~InferencePass() = default;
InferencePass::InferencePass(InferencePass&&) noexcept = default;

void InferencePass::State::forward_units(std::span<const Scalar> images) {
  const auto input = tensor(0);
  // A short batch runs at full size, its missing images black: the kernels are prepared for one shape.
  std::fill(std::copy(images.begin(), images.end(), input.begin()), input.end(), 0.0f);
  for (std::size_t u = 0; u < steps.size(); ++u) {
    auto& step = steps[u];
    enter(part_of(step.unit));
    const auto out = tensor(static_cast<int>(u) + 1).first(step.size);
    if (step.unit.kind == UnitKind::MaxPool) {
      max_pool_forward(tensor(step.unit.input), max_batch, step.in_height, step.in_width, step.unit.in_channels, out,
                       {});
    } else {
      step.convolution->run(
          tensor(step.unit.input),
          step.unit.residual >= 0 ? std::span<const Scalar>(tensor(step.unit.residual)) : std::span<const Scalar>(),
          out);
    }
    if (static_cast<int>(u) == early_unit) {  // at once, for its memory is used again
      enter(PassPart::Pooling);
      average_pool_forward(out, max_batch, early.height * early.width, early.channels, arena.buffer(early_embedding));
    }
  }
}

NetworkOutputs InferencePass::forward(std::span<const Scalar> images, int batch) {
  State& s = *state_;
  const std::size_t image_size = static_cast<std::size_t>(s.height * s.width * 3);
  if (batch < 1 || batch > s.max_batch || images.size() != image_size * static_cast<std::size_t>(batch)) {
    throw ShapeError("inference", std::to_string(images.size()) + " values for " + std::to_string(batch) + " images",
                     "1 to " + std::to_string(s.max_batch) + " images of " + std::to_string(image_size) + " values");
  }
  const std::size_t n = static_cast<std::size_t>(batch);
  const std::size_t map = static_cast<std::size_t>(s.features.height * s.features.width * s.features.channels);
  const auto features = s.arena.buffer(s.engine ? s.engine_map : s.tensors.back());
  const auto embedding = s.arena.buffer(s.embedding);
  const auto logits = s.arena.buffer(s.logits);
  const auto early_embedding = s.arena.buffer(s.early_embedding);
  if (s.engine) {
    s.enter(PassPart::Accelerator);
    const auto image = s.tensor(0).first(images.size());
    parallel_parts([&](int part, int parts) {
      const auto [first, last] = slice_of(static_cast<std::int64_t>(images.size()), part, parts);
      std::copy(images.begin() + first, images.begin() + last, image.begin() + first);
    });
    s.engine->forward(image, batch, early_embedding.first(n * static_cast<std::size_t>(s.early.channels)),
                      embedding.first(n * static_cast<std::size_t>(s.features.channels)), features.first(n * map));
  } else {
    s.forward_units(images);
    s.enter(PassPart::Pooling);
    average_pool_forward(features, s.max_batch, s.features.height * s.features.width, s.features.channels, embedding);
  }
  s.enter(PassPart::Classifier);
  for (int row = 0; row < s.max_batch; ++row) {
    std::copy(s.classifier_bias.begin(), s.classifier_bias.end(), logits.begin() + row * s.classes);
  }
  s.backend->gemm(false, true, s.max_batch, s.classes, s.features.channels, embedding, s.classifier_weight, 1.0f,
                  logits);
  return {batch,
          s.features,
          logits.first(n * static_cast<std::size_t>(s.classes)),
          embedding.first(n * static_cast<std::size_t>(s.features.channels)),
          features.first(n * map),
          early_embedding.first(n * static_cast<std::size_t>(s.early.channels))};
}

void InferencePass::observe(PassObserver* observer) { state_->observer = observer; }

std::size_t InferencePass::arena_bytes() const {
  return state_->arena.bytes() + (state_->engine ? state_->engine->bytes() : 0);
}

}  // namespace dermdistill
