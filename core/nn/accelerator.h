// Whole passes of a network on another processor, such as a graphics card. The classifier and the losses stay here.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/nn/network.h"

namespace dermdistill {

/// Where a convolution unit's numbers begin: in the flat vectors of values and gradients, and in that of statistics.
struct UnitPlaces {
  std::size_t weight = 0, norm_weight = 0, norm_bias = 0;
  std::size_t running_mean = 0, running_variance = 0;
};

/// A network in training, as it lies in memory; it outlives what works on it. Weights are [out, k, k, in] or,
/// depthwise, [k, k, channels].
struct TrainingNumbers {
  std::span<const Unit> units;
  std::vector<UnitPlaces> places;       // of every unit; zeros for pools
  std::span<Scalar> values, gradients;  // of all units, without the classifier's
  std::span<Scalar> statistics;
};

/// Training mode for one batch shape; see TrainingPass.
class TrainingEngine {
 public:
  virtual ~TrainingEngine() = default;
  /// images [batch, height, width, 3] -> embedding [batch, channels] and features [batch, h, w, channels]; moves the
  /// running statistics.
  virtual void forward(std::span<const Scalar> images, std::span<Scalar> embedding, std::span<Scalar> features) = 0;
  /// Overwrites the gradients, from those of the embedding and, or empty, of the features.
  virtual void backward(std::span<const Scalar> d_embedding, std::span<const Scalar> d_features) = 0;
  /// Tells of the memory that all passes copy from and to, which outlives the engine: such copies can be made faster.
  virtual void keep(std::span<Scalar> memory) = 0;
  virtual std::size_t bytes() const = 0;
};

/// A network with batch norm folded away: weights laid out as above and biases, of every unit; empty for pools.
struct InferenceNumbers {
  std::span<const Unit> units;
  std::vector<std::vector<Scalar>> weights, biases;
  int early_unit = 0;  // see early_unit() in network.h
};

/// Evaluation mode; see InferencePass.
class InferenceEngine {
 public:
  virtual ~InferenceEngine() = default;
  /// images [batch, height, width, 3] with at most the batch it was made for -> averages over the early and the last
  /// map, and the last map.
  virtual void forward(std::span<const Scalar> images, int batch, std::span<Scalar> early_embedding,
                       std::span<Scalar> embedding, std::span<Scalar> features) = 0;
  /// As for training.
  virtual void keep(std::span<Scalar> memory) = 0;
  virtual std::size_t bytes() const = 0;
};

class Accelerator {
 public:
  virtual ~Accelerator() = default;
  /// Its name for people, such as the card's.
  virtual std::string describe() const = 0;
  virtual std::unique_ptr<TrainingEngine> training(const TrainingNumbers& numbers, int batch, int height,
                                                   int width) const = 0;
  virtual std::unique_ptr<InferenceEngine> inference(const InferenceNumbers& numbers, int max_batch, int height,
                                                     int width) const = 0;
  /// One convolution, of what is in this processor's memory.
  virtual std::unique_ptr<Convolution> convolution(const ConvShape& shape) const = 0;
};

}  // namespace dermdistill
