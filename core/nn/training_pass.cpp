// One training step's memory and order of work. Only convolution outputs are kept; an activation that just the next
// convolution reads is computed again in the backward pass, which is cheaper than the memory it would take.
#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/gpu/accelerator.h"
#include "core/nn/arena.h"
#include "core/nn/batch_norm.h"
#include "core/nn/inverted_residual.h"
#include "core/nn/network.h"
#include "core/nn/network_storage.h"
#include "core/nn/pass_observer.h"
#include "core/nn/pooling.h"

namespace dermdistill {

namespace {
constexpr Arena::Id kNone = -1;
}

struct TrainingPass::State {
  struct Step {
    std::unique_ptr<Convolution> convolution;
    std::unique_ptr<BatchNorm> norm;
    std::unique_ptr<InvertedResidual> block;  // this unit and the next two as one layer
    bool inside = false;                      // one of these two
    std::vector<std::uint8_t> winner;         // max pool only
    int in_height = 0, in_width = 0;
    std::size_t in_size = 0, out_size = 0;
    bool stored = false;                           // its output outlives the next unit's forward
    Arena::Id raw = kNone;                         // the convolution's output, before norm
    Arena::Id out = kNone;                         // after norm, residual and activation
    Arena::Id again = kNone;                       // the same, recomputed for the backward of its consumer
    Arena::Id dx = kNone;                          // gradient of its input
    Arena::Id expanded = kNone, d_middle = kNone;  // what a block keeps of its own, see InvertedResidual::keep
    Arena::Id d_raw = kNone;  // gradient of raw: in place over the output's, or apart where a residual needs that one
    std::vector<Arena::Id> d_out;  // gradients of the output, to be summed up; one or two
  };
  Network::Storage* network = nullptr;
  const Backend* backend = nullptr;
  int batch = 0, height = 0, width = 0;
  FeatureShape features;
  std::vector<Step> steps;
  Arena arena;
  Arena::Id image = kNone, embedding = kNone, logits = kNone, d_embedding = kNone;
  std::unique_ptr<ThreadScratch> scratch;  // of the blocks
  bool ready = false;                      // a forward has run and its activations are still there
  std::unique_ptr<TrainingEngine> engine;  // does the passes up to the embedding, where the backend has an accelerator
  Arena::Id engine_map = kNone;            // its features
  PassObserver* observer = nullptr;

  void enter(PassPart part, bool backward) const {
    if (observer != nullptr) observer->enter(part, backward);
  }
  const Unit& unit(int u) const { return network->units[static_cast<std::size_t>(u)]; }
  Step& step(int u) { return steps[static_cast<std::size_t>(u)]; }
  int count() const { return static_cast<int>(steps.size()); }
  int backward_time(int u) const { return 2 * count() - u; }

  std::unique_ptr<InvertedResidual> make_block(int u, const ConvShape& expansion) const;
  void plan_forward();
  void plan_backward();
  std::span<Scalar> buffer(Arena::Id id, std::size_t size) const { return arena.buffer(id).first(size); }
  /// Tensor t's values during forward.
  std::span<Scalar> tensor(int t) {
    return t == 0 ? buffer(image, steps[0].in_size) : buffer(step(t - 1).out, step(t - 1).out_size);
  }
  /// Tensor t's values during backward, recomputed where they were not stored.
  std::span<const Scalar> tensor_again(int t);
  void forward_units();
  void forward_unit(int u);
  void backward_unit(int u);
  void plan_block_backward(int u);
  void hand_out_memory();
  void use(const Accelerator& accelerator);
  std::span<Scalar> feature_map() { return engine ? arena.buffer(engine_map) : tensor(count()); }
  void forward_block(int u);
  void backward_block(int u);
};

std::unique_ptr<InvertedResidual> TrainingPass::State::make_block(int u, const ConvShape& expansion) const {
  const bool stem = unit(u).kernel == 3;
  const BlockShape shape{batch,
                         expansion.out_height(),
                         expansion.out_width(),
                         expansion.in_channels,
                         expansion.out_channels,
                         unit(u + 2).out_channels,
                         unit(u + 1).stride,
                         stem,
                         expansion.in_height,
                         expansion.in_width};
  UnitTensors* tensors = network->tensors.data() + u;
  return std::make_unique<InvertedResidual>(shape, InvertedResidual::Tensors{tensors, tensors + 1, tensors + 2});
}

void TrainingPass::State::plan_forward() {
  const int n = count();
  std::vector<int> uses(static_cast<std::size_t>(n) + 1, 0), last_forward(static_cast<std::size_t>(n) + 1, 0);
  for (int u = 0; u < n; ++u) {
    for (const int t : {unit(u).input, unit(u).residual}) {
      if (t < 0) continue;
      ++uses[static_cast<std::size_t>(t)];
      last_forward[static_cast<std::size_t>(t)] = u;
    }
  }
  image = arena.reserve(steps[0].in_size, 0, backward_time(0));
  for (int u = 0; u < n; ++u) {
    Step& s = step(u);
    const std::size_t t = static_cast<std::size_t>(u) + 1;
    const bool last = u == n - 1;
    const bool masks_from_output = unit(u).residual >= 0 && unit(u).activation != Activation::None;
    if (s.block) {  // the expanded map is stored where the block wants it; the other two outputs are, and the block's
      if (s.block->expanded_size() > 0) {
        s.expanded = arena.reserve(s.block->expanded_size(), u, backward_time(u));
      }
      step(u + 1).raw = arena.reserve(step(u + 1).out_size, u, backward_time(u));
      step(u + 2).raw = arena.reserve(step(u + 2).out_size, u, backward_time(u));
      step(u + 2).stored = true;
      step(u + 2).out = arena.reserve(step(u + 2).out_size, u, backward_time(u + 2));
      if (unit(u).input > 0) {  // its backward reads the input again
        step(unit(u).input - 1).stored = true;
        arena.keep_until(step(unit(u).input - 1).out, backward_time(u));
      }
    }
    if (s.block || s.inside) continue;
    s.stored = unit(u).kind == UnitKind::MaxPool || last || masks_from_output || uses[t] > 1;
    if (unit(u).kind == UnitKind::Convolution) s.raw = arena.reserve(s.out_size, u, backward_time(u));
    const int until = last ? 2 * n + 1 : last_forward[t];
    s.out = arena.reserve(s.out_size, u, s.stored ? std::max(until, backward_time(u)) : until);
  }
  embedding = arena.reserve(static_cast<std::size_t>(batch * features.channels), n, 2 * n + 1);
  logits = arena.reserve(static_cast<std::size_t>(batch * network->config.classes), n, 2 * n + 1);
}

void TrainingPass::State::plan_backward() {
  const int n = count();
  d_embedding = arena.reserve(static_cast<std::size_t>(batch * features.channels), n, backward_time(n - 1));
  step(n - 1).d_out.push_back(arena.reserve(step(n - 1).out_size, n, backward_time(n - 1)));
  for (int u = n - 1; u >= 0; --u) {
    Step& s = step(u);
    const int now = backward_time(u);
    if (s.block) plan_block_backward(u);
    if (s.block || s.inside) continue;
    for (const Arena::Id id : s.d_out) arena.keep_until(id, now);
    s.d_raw = s.d_out[0];
    if (unit(u).residual > 0) {
      s.d_raw = arena.reserve(s.out_size, now, now);
      step(unit(u).residual - 1).d_out.push_back(s.d_out[0]);
    }
    if (unit(u).input > 0) {
      Step& producer = step(unit(u).input - 1);
      const bool convolution = unit(u).kind == UnitKind::Convolution;
      if (convolution && !producer.stored) producer.again = arena.reserve(producer.out_size, now, now);
      s.dx = arena.reserve(s.in_size, now, now);
      producer.d_out.push_back(s.dx);
    }
  }
}

void TrainingPass::State::plan_block_backward(int u) {
  Step& last = step(u + 2);
  const int now = backward_time(u);
  if (step(u).block->gradient_size() > 0) step(u).d_middle = arena.reserve(step(u).block->gradient_size(), now, now);
  for (const Arena::Id id : last.d_out) arena.keep_until(id, now);
  last.d_raw = unit(u + 2).residual >= 0 ? arena.reserve(last.out_size, now, now) : last.d_out[0];
  if (unit(u).input == 0) return;
  step(u).dx = arena.reserve(step(u).in_size, now, now);
  step(unit(u).input - 1).d_out.push_back(step(u).dx);
}

/// What the blocks keep for themselves, once the arena has its memory.
void TrainingPass::State::hand_out_memory() {
  for (Step& s : steps) {
    if (!s.block) continue;
    const auto of = [&](Arena::Id id, std::size_t size) {
      return id == kNone ? std::span<Scalar>() : buffer(id, size);
    };
    s.block->keep(of(s.expanded, s.block->expanded_size()), of(s.d_middle, s.block->gradient_size()));
  }
}

std::span<const Scalar> TrainingPass::State::tensor_again(int t) {
  if (t == 0) return buffer(image, steps[0].in_size);
  Step& s = step(t - 1);
  if (s.stored) return buffer(s.out, s.out_size);
  const auto again = buffer(s.again, s.out_size);
  s.norm->apply(buffer(s.raw, s.out_size),
                unit(t - 1).residual >= 0 ? tensor_again(unit(t - 1).residual) : std::span<const Scalar>(),
                unit(t - 1).activation, again);
  return again;
}

void TrainingPass::State::forward_unit(int u) {
  Step& s = step(u);
  const Unit& node = unit(u);
  enter(part_of(node), false);
  if (node.kind == UnitKind::MaxPool) {
    max_pool_forward(tensor(node.input), batch, s.in_height, s.in_width, node.in_channels, tensor(u + 1), s.winner);
    return;
  }
  auto& t = network->tensors[static_cast<std::size_t>(u)];
  const auto raw = buffer(s.raw, s.out_size);
  s.norm->measure(*s.convolution, tensor(node.input), t.weight, raw, t.norm_weight, t.norm_bias, t.running_mean,
                  t.running_variance);
  enter(PassPart::Norm, false);
  s.norm->apply(raw, node.residual >= 0 ? std::span<const Scalar>(tensor(node.residual)) : std::span<const Scalar>(),
                node.activation, tensor(u + 1));
}

void TrainingPass::State::forward_block(int u) {
  Step &middle = step(u + 1), &last = step(u + 2);
  enter(PassPart::InvertedResidual, false);
  step(u).block->forward(tensor(unit(u).input), unit(u + 2).residual >= 0, buffer(middle.raw, middle.out_size),
                         buffer(last.raw, last.out_size), tensor(u + 3), *scratch);
}

void TrainingPass::State::backward_block(int u) {
  Step &first = step(u), &middle = step(u + 1), &last = step(u + 2);
  enter(PassPart::InvertedResidual, true);
  const auto second =
      last.d_out.size() > 1 ? std::span<const Scalar>(buffer(last.d_out[1], last.out_size)) : std::span<const Scalar>();
  first.block->backward(tensor(unit(u).input), unit(u + 2).residual >= 0, buffer(middle.raw, middle.out_size),
                        buffer(last.raw, last.out_size), buffer(last.d_out[0], last.out_size), second,
                        buffer(last.d_raw, last.out_size),
                        first.dx == kNone ? std::span<Scalar>() : buffer(first.dx, first.in_size), *scratch);
}

void TrainingPass::State::backward_unit(int u) {
  Step& s = step(u);
  const Unit& node = unit(u);
  auto d_out = buffer(s.d_out[0], s.out_size);
  const auto second =
      s.d_out.size() > 1 ? std::span<const Scalar>(buffer(s.d_out[1], s.out_size)) : std::span<const Scalar>();
  enter(node.kind == UnitKind::MaxPool ? PassPart::Pooling : PassPart::Norm, true);
  if (node.kind == UnitKind::MaxPool) {
    if (!second.empty()) std::transform(d_out.begin(), d_out.end(), second.begin(), d_out.begin(), std::plus<>());
    max_pool_backward(d_out, s.winner, batch, s.in_height, s.in_width, node.in_channels, buffer(s.dx, s.in_size));
    return;
  }
  auto& t = network->tensors[static_cast<std::size_t>(u)];
  const auto raw = buffer(s.raw, s.out_size);
  const auto d_raw = buffer(s.d_raw, s.out_size);
  const bool residual = node.residual >= 0;
  const bool masks_from_output = residual && node.activation != Activation::None;
  s.norm->backward(d_out, second, raw, masks_from_output ? buffer(s.out, s.out_size) : std::span<Scalar>(),
                   t.norm_weight, node.activation, residual, d_raw, t.d_norm_weight, t.d_norm_bias);
  const auto in = tensor_again(node.input);
  enter(part_of(node), true);
  s.convolution->backward_weights(in, d_raw, t.d_weight);
  if (s.dx != kNone) s.convolution->backward_data(d_raw, t.weight, buffer(s.dx, s.in_size));
}

/// In place of planning passes on this processor.
void TrainingPass::State::use(const Accelerator& accelerator) {
  const auto place = [](std::span<const Scalar> part, std::span<const Scalar> whole) {
    return part.empty() ? std::size_t{0} : static_cast<std::size_t>(part.data() - whole.data());
  };
  auto& storage = *network;
  TrainingNumbers numbers{storage.units, {}, storage.values, storage.gradients, storage.statistics};
  for (const UnitTensors& t : storage.tensors) {
    numbers.places.push_back({place(t.weight, storage.values), place(t.norm_weight, storage.values),
                              place(t.norm_bias, storage.values), place(t.running_mean, storage.statistics),
                              place(t.running_variance, storage.statistics)});
  }
  const std::size_t before_classifier = place(storage.classifier_weight, storage.values);
  numbers.values = numbers.values.first(before_classifier);
  numbers.gradients = numbers.gradients.first(before_classifier);
  engine = accelerator.training(numbers, batch, height, width);
  image = arena.reserve(static_cast<std::size_t>(batch) * static_cast<std::size_t>(height * width * 3), 0, 1);
  const auto embeddings = static_cast<std::size_t>(batch * features.channels);
  engine_map = arena.reserve(embeddings * static_cast<std::size_t>(features.height * features.width), 0, 1);
  embedding = arena.reserve(embeddings, 0, 1);
  d_embedding = arena.reserve(embeddings, 0, 1);
  logits = arena.reserve(static_cast<std::size_t>(batch * storage.config.classes), 0, 1);
  arena.allocate();
  engine->keep(arena.memory());
}

TrainingPass::TrainingPass(Network& network, const Backend& backend, int batch, int height, int width)
    : state_(std::make_unique<State>()) {
  if (batch < 1) throw ShapeError("training step", "a batch of " + std::to_string(batch) + " images", "at least 1");
  State& s = *state_;
  s.network = network.storage_.get();
  s.backend = &backend;
  s.batch = batch;
  s.height = height;
  s.width = width;
  s.features = feature_shape(network.units(), height, width);
  if (batch * s.features.height * s.features.width < 2) {
    throw ShapeError(
        "training step",
        "one image of " + std::to_string(height) + "x" + std::to_string(width) + " leaves one value a channel",
        "at least two images for batch statistics");
  }
  if (const Accelerator* accelerator = backend.accelerator()) {
    s.use(*accelerator);
    return;
  }
  std::vector<std::pair<int, int>> sizes{{height, width}};
  for (const Unit& unit : network.units()) {
    const auto [in_height, in_width] = sizes[static_cast<std::size_t>(unit.input)];
    const ConvShape shape{batch,       in_height,   in_width,     unit.in_channels, unit.out_channels,
                          unit.kernel, unit.stride, unit.padding, unit.depthwise};
    State::Step step;
    step.in_height = in_height;
    step.in_width = in_width;
    step.in_size = shape.input_size();
    step.out_size = shape.output_size();
    const std::size_t u = s.steps.size();
    step.inside = (u > 0 && s.steps[u - 1].block) || (u > 1 && s.steps[u - 2].block);
    if (!step.inside && backend.fuses_blocks() && is_inverted_residual(network.units(), u)) {
      step.block = s.make_block(static_cast<int>(u), shape);
    } else if (!step.inside && unit.kind == UnitKind::Convolution) {
      step.convolution = backend.convolution(shape);
      step.norm = std::make_unique<BatchNorm>(unit.out_channels);
    } else if (unit.kind == UnitKind::MaxPool) {
      step.winner.resize(step.out_size);
    }
    sizes.emplace_back(shape.out_height(), shape.out_width());
    s.steps.push_back(std::move(step));
  }
  s.plan_forward();
  s.plan_backward();
  s.arena.allocate();
  s.hand_out_memory();
  std::size_t scratch = 0;
  for (const auto& step : s.steps) scratch = std::max(scratch, step.block ? step.block->scratch_size() : 0);
  s.scratch = std::make_unique<ThreadScratch>(thread_count(), scratch);
}

TrainingPass::~TrainingPass() = default;
TrainingPass::TrainingPass(TrainingPass&&) noexcept = default;

void TrainingPass::State::forward_units() {
  for (int u = 0; u < count(); ++u) {
    if (step(u).block) forward_block(u);
    if (!step(u).block && !step(u).inside) forward_unit(u);
  }
}

NetworkOutputs TrainingPass::forward(std::span<const Scalar> images) {
  State& s = *state_;
  if (images.size() != static_cast<std::size_t>(s.batch) * static_cast<std::size_t>(s.height * s.width * 3)) {
    throw ShapeError(
        "training step", std::to_string(images.size()) + " values",
        std::to_string(s.batch) + " images of " + std::to_string(s.height) + "x" + std::to_string(s.width) + "x3");
  }
  const int channels = s.features.channels, classes = s.network->config.classes;
  const auto embedding = s.buffer(s.embedding, static_cast<std::size_t>(s.batch * channels));
  const auto logits = s.buffer(s.logits, static_cast<std::size_t>(s.batch * classes));
  const auto features = s.feature_map();
  const auto image = s.arena.buffer(s.image).first(images.size());
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(static_cast<std::int64_t>(images.size()), part, parts);
    std::copy(images.begin() + first, images.begin() + last, image.begin() + first);
  });
  if (s.engine) {
    s.engine->forward(image, embedding, features);
  } else {
    s.forward_units();
    s.enter(PassPart::Pooling, false);
    average_pool_forward(features, s.batch, s.features.height * s.features.width, channels, embedding);
  }
  s.enter(PassPart::Classifier, false);
  for (int row = 0; row < s.batch; ++row) {
    std::copy(s.network->classifier_bias.begin(), s.network->classifier_bias.end(), logits.begin() + row * classes);
  }
  s.backend->gemm(false, true, s.batch, classes, channels, embedding, s.network->classifier_weight, 1.0f, logits);
  s.ready = true;
  return {s.batch, s.features, logits, embedding, features};
}

void TrainingPass::backward(const OutputGradients& gradients) {
  State& s = *state_;
  if (!s.ready) throw ShapeError("training step", "backward without a forward just before it");
  s.ready = false;
  const int channels = s.features.channels, classes = s.network->config.classes;
  const auto check = [](std::span<const Scalar> gradient, std::size_t size, const char* name) {
    if (!gradient.empty() && gradient.size() != size) {
      throw ShapeError(std::string("gradient of ") + name, std::to_string(gradient.size()) + " values",
                       std::to_string(size));
    }
  };
  check(gradients.logits, static_cast<std::size_t>(s.batch * classes), "logits");
  check(gradients.embedding, static_cast<std::size_t>(s.batch * channels), "embedding");
  check(gradients.features, s.feature_map().size(), "features");

  auto& network = *s.network;
  const auto embedding = s.buffer(s.embedding, static_cast<std::size_t>(s.batch * channels));
  const auto d_embedding = s.buffer(s.d_embedding, embedding.size());
  if (gradients.embedding.empty()) {
    std::fill(d_embedding.begin(), d_embedding.end(), 0.0f);
  } else {
    std::copy(gradients.embedding.begin(), gradients.embedding.end(), d_embedding.begin());
  }
  s.enter(PassPart::Classifier, true);
  std::fill(network.d_classifier_weight.begin(), network.d_classifier_weight.end(), 0.0f);
  std::fill(network.d_classifier_bias.begin(), network.d_classifier_bias.end(), 0.0f);
  if (!gradients.logits.empty()) {
    s.backend->gemm(true, false, classes, channels, s.batch, gradients.logits, embedding, 0.0f,
                    network.d_classifier_weight);
    for (int row = 0; row < s.batch; ++row) {
      for (int c = 0; c < classes; ++c) {
        network.d_classifier_bias[static_cast<std::size_t>(c)] +=
            gradients.logits[static_cast<std::size_t>(row * classes + c)];
      }
    }
    s.backend->gemm(false, false, s.batch, channels, classes, gradients.logits, network.classifier_weight, 1.0f,
                    d_embedding);
  }
  if (s.engine) {
    s.engine->backward(d_embedding, gradients.features);
    return;
  }
  auto& last = s.step(s.count() - 1);
  s.enter(PassPart::Pooling, true);
  average_pool_backward(d_embedding, gradients.features, s.batch, s.features.height * s.features.width, channels,
                        s.buffer(last.d_out[0], last.out_size));
  for (int u = s.count() - 1; u >= 0; --u) {
    if (s.step(u).block) s.backward_block(u);
    if (!s.step(u).block && !s.step(u).inside) s.backward_unit(u);
  }
}

void TrainingPass::observe(PassObserver* observer) { state_->observer = observer; }

std::size_t TrainingPass::arena_bytes() const {
  const State& s = *state_;
  return s.arena.bytes() + (s.scratch ? s.scratch->bytes() : 0) + (s.engine ? s.engine->bytes() : 0);
}

}  // namespace dermdistill
