// The memory of a training step, planned before the first one.
#include <algorithm>
#include <utility>

#include "core/base/parallel.h"
#include "core/nn/training_state.h"

namespace dermdistill {

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
      return id == kNoBuffer ? std::span<Scalar>() : buffer(id, size);
    };
    s.block->keep(of(s.expanded, s.block->expanded_size()), of(s.d_middle, s.block->gradient_size()));
  }
}

void TrainingPass::State::plan() {
  std::vector<std::pair<int, int>> sizes{{height, width}};
  for (const Unit& node : network->units) {
    const auto [in_height, in_width] = sizes[static_cast<std::size_t>(node.input)];
    const ConvShape shape{batch,       in_height,   in_width,     node.in_channels, node.out_channels,
                          node.kernel, node.stride, node.padding, node.depthwise};
    Step s;
    s.in_height = in_height;
    s.in_width = in_width;
    s.in_size = shape.input_size();
    s.out_size = shape.output_size();
    const std::size_t u = steps.size();
    s.inside = (u > 0 && steps[u - 1].block) || (u > 1 && steps[u - 2].block);
    if (!s.inside && backend->fuses_blocks() && is_inverted_residual(network->units, u)) {
      s.block = make_block(static_cast<int>(u), shape);
    } else if (!s.inside && node.kind == UnitKind::Convolution) {
      s.convolution = backend->convolution(shape);
      s.norm = std::make_unique<BatchNorm>(node.out_channels);
    } else if (node.kind == UnitKind::MaxPool) {
      s.winner.resize(s.out_size);
    }
    sizes.emplace_back(shape.out_height(), shape.out_width());
    steps.push_back(std::move(s));
  }
  plan_forward();
  plan_backward();
  arena.allocate();
  hand_out_memory();
  std::size_t scratch_size = 0;
  for (const Step& s : steps) scratch_size = std::max(scratch_size, s.block ? s.block->scratch_size() : 0);
  scratch = std::make_unique<ThreadScratch>(thread_count(), scratch_size);
}

void TrainingPass::State::plan_on(const Accelerator& accelerator) {
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
  const std::size_t embeddings = static_cast<std::size_t>(batch) * static_cast<std::size_t>(features.channels);
  engine_map = arena.reserve(embeddings * static_cast<std::size_t>(features.height * features.width), 0, 1);
  embedding = arena.reserve(embeddings, 0, 1);
  d_embedding = arena.reserve(embeddings, 0, 1);
  logits = arena.reserve(static_cast<std::size_t>(batch * storage.config.classes), 0, 1);
  arena.allocate();
  engine->keep(arena.memory());
}

}  // namespace dermdistill
