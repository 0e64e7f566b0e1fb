// The small trainable modules that self-supervision and feature distillation add to a network.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/base/named_tensor.h"
#include "core/base/random.h"
#include "core/nn/backend.h"
#include "core/nn/parameter.h"

namespace dermdistill {

/// linear -> ReLU -> linear, all of one width, on pooled embeddings (the self-supervision head).
/// Parameters "PREFIX.0.weight", "PREFIX.0.bias", "PREFIX.2.weight", "PREFIX.2.bias".
class ProjectionHead {
 public:
  ProjectionHead(int dimensions, std::string prefix, const Backend& backend);
  ~ProjectionHead();
  ProjectionHead(ProjectionHead&&) noexcept;

  void initialise(Random& random);  // uniform(+-1/sqrt(fan in)), as PyTorch's Linear
  int dimensions() const;
  std::span<Parameter> parameters();
  StateDict state() const;
  void load(const StateDict& state);  // ignores tensors outside its prefix; @throws ShapeError

  /// embedding [rows, dimensions] -> [rows, dimensions]; valid until the next forward. backward() reads the embedding
  /// again: it must still be there then.
  std::span<const Scalar> forward(std::span<const Scalar> embedding);
  /// Overwrites the parameters' gradients; returns d embedding [rows, dimensions].
  std::span<const Scalar> backward(std::span<const Scalar> gradient);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 1x1 convolution + batch norm (batch statistics) + ReLU: the student's feature map in the teacher's channels.
/// Parameters "PREFIX.0.weight", "PREFIX.1.weight", "PREFIX.1.bias", statistics "PREFIX.1.running_mean/var".
class Regressor {
 public:
  Regressor(int in_channels, int out_channels, const std::string& prefix, const Backend& backend);
  ~Regressor();
  Regressor(Regressor&&) noexcept;

  void initialise(Random& random);
  std::span<Parameter> parameters();
  StateDict state() const;
  void load(const StateDict& state);

  /// features [batch, height, width, in] -> [batch, height, width, out]; valid until the next forward. backward() reads
  /// the features again: they must still be there then.
  std::span<const Scalar> forward(std::span<const Scalar> features, int batch, int height, int width);
  /// Overwrites the parameters' gradients; returns d features.
  std::span<const Scalar> backward(std::span<const Scalar> gradient);
  /// The same, working in the gradient's own memory instead of a copy of it.
  std::span<const Scalar> backward_in_place(std::span<Scalar> gradient);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dermdistill
