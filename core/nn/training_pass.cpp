// The order of work of a training step; training_plan.cpp plans its memory.
#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/nn/pooling.h"
#include "core/nn/training_state.h"

namespace dermdistill {

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
                        first.dx == kNoBuffer ? std::span<Scalar>() : buffer(first.dx, first.in_size), *scratch);
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
  if (s.dx != kNoBuffer) s.convolution->backward_data(d_raw, t.weight, buffer(s.dx, s.in_size));
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
    s.plan_on(*accelerator);
  } else {
    s.plan();
  }
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
    s.enter(PassPart::Accelerator, false);
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
    s.enter(PassPart::Accelerator, true);
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
