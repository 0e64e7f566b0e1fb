// How a profiler looks on while a pass runs: the pass says what it does next, the observer may look at a clock.
#pragma once

#include "core/nn/network.h"

namespace dermdistill {

/// Kinds of work within a pass. What is fused into a convolution counts as its convolution; Norm is batch norm,
/// activation and residual in passes over memory of their own; InvertedResidual is a block that runs as one layer;
/// Accelerator is all that another processor does, up to the embedding, with the copies to and from it.
enum class PassPart {
  InvertedResidual,
  Pointwise,
  Dense,
  DepthwiseStride1,
  DepthwiseStride2,
  Norm,
  Pooling,
  Classifier,
  Accelerator
};

class PassObserver {
 public:
  virtual ~PassObserver() = default;
  /// What the calling thread runs from now on, until the next call, belongs to this part.
  virtual void enter(PassPart part, bool backward) = 0;
};

/// The part that a unit of a network belongs to; every dense kernel wider than one pixel is Dense.
inline PassPart part_of(const Unit& unit) {
  if (unit.kind == UnitKind::MaxPool) return PassPart::Pooling;
  if (unit.depthwise) return unit.stride == 1 ? PassPart::DepthwiseStride1 : PassPart::DepthwiseStride2;
  return unit.kernel == 1 ? PassPart::Pointwise : PassPart::Dense;
}

}  // namespace dermdistill
