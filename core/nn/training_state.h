// What a training pass keeps between its steps. Only convolution outputs are kept; an activation that just the next
// convolution reads is computed again in the backward pass, which is cheaper than the memory it would take.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/nn/accelerator.h"
#include "core/nn/arena.h"
#include "core/nn/batch_norm.h"
#include "core/nn/inverted_residual.h"
#include "core/nn/network.h"
#include "core/nn/network_storage.h"
#include "core/nn/pass_observer.h"

namespace dermdistill {

constexpr Arena::Id kNoBuffer = -1;

struct TrainingPass::State {
  struct Step {
    std::unique_ptr<Convolution> convolution;
    std::unique_ptr<BatchNorm> norm;
    std::unique_ptr<InvertedResidual> block;  // this unit and the next two as one layer
    bool inside = false;                      // one of these two
    std::vector<std::uint8_t> winner;         // max pool only
    int in_height = 0, in_width = 0;
    std::size_t in_size = 0, out_size = 0;
    bool stored = false;                                   // its output outlives the next unit's forward
    Arena::Id raw = kNoBuffer;                             // the convolution's output, before norm
    Arena::Id out = kNoBuffer;                             // after norm, residual and activation
    Arena::Id again = kNoBuffer;                           // the same, recomputed for the backward of its consumer
    Arena::Id dx = kNoBuffer;                              // gradient of its input
    Arena::Id expanded = kNoBuffer, d_middle = kNoBuffer;  // what a block keeps of its own, see InvertedResidual::keep
    // Gradient of raw: in place over the output's, or apart where a residual needs that one.
    Arena::Id d_raw = kNoBuffer;
    std::vector<Arena::Id> d_out;  // gradients of the output, to be summed up; one or two
  };
  Network::Storage* network = nullptr;
  const Backend* backend = nullptr;
  int batch = 0, height = 0, width = 0;
  FeatureShape features;
  std::vector<Step> steps;
  Arena arena;
  Arena::Id image = kNoBuffer, embedding = kNoBuffer, logits = kNoBuffer, d_embedding = kNoBuffer;
  std::unique_ptr<ThreadScratch> scratch;  // of the blocks
  bool ready = false;                      // a forward has run and its activations are still there
  std::unique_ptr<TrainingEngine> engine;  // does the passes up to the embedding, where the backend has an accelerator
  Arena::Id engine_map = kNoBuffer;        // its features
  PassObserver* observer = nullptr;

  void enter(PassPart part, bool backward) const {
    if (observer != nullptr) observer->enter(part, backward);
  }
  const Unit& unit(int u) const { return network->units[static_cast<std::size_t>(u)]; }
  Step& step(int u) { return steps[static_cast<std::size_t>(u)]; }
  int count() const { return static_cast<int>(steps.size()); }
  int backward_time(int u) const { return 2 * count() - u; }

  /// Prepares the kernels and the memory of all units, for passes on this processor.
  void plan();
  /// The same for passes on another one.
  void plan_on(const Accelerator& accelerator);
  std::unique_ptr<InvertedResidual> make_block(int u, const ConvShape& expansion) const;
  void plan_forward();
  void plan_backward();
  void plan_block_backward(int u);
  void hand_out_memory();

  std::span<Scalar> buffer(Arena::Id id, std::size_t size) const { return arena.buffer(id).first(size); }
  /// Tensor t's values during forward.
  std::span<Scalar> tensor(int t) {
    return t == 0 ? buffer(image, steps[0].in_size) : buffer(step(t - 1).out, step(t - 1).out_size);
  }
  /// Tensor t's values during backward, recomputed where they were not stored.
  std::span<const Scalar> tensor_again(int t);
  /// The last map's values after forward.
  std::span<Scalar> feature_map() {
    if (!engine) return tensor(count());
    const std::size_t embeddings = static_cast<std::size_t>(batch) * static_cast<std::size_t>(features.channels);
    return buffer(engine_map, embeddings * static_cast<std::size_t>(features.height * features.width));
  }
  void forward_units();
  void forward_unit(int u);
  void backward_unit(int u);
  void forward_block(int u);
  void backward_block(int u);
};

}  // namespace dermdistill
