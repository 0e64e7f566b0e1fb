// What a step cannot do without: arithmetic, and bytes that batch statistics force through memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/nn/network.h"
#include "native/bench/benchmark.h"

namespace dermdistill {

/// Of one kind of work and direction, in a step.
struct Floor {
  std::string name;  // as name_of(PassPart)
  bool backward = false;
  double flops = 0, bytes = 0;
};

/// Training. Arithmetic: one product forward, two backward (by the input and by the weights; the image needs no
/// gradient). Bytes, for tensors that no cache holds for a whole batch, with everything fused that batch statistics
/// allow: forward the input is read and the output written; backward the output and its gradient are read, the input is
/// read (for the weights' gradient and the sums of the batch norm before) and its gradient written.
/// `blocks`: inverted residual blocks run as one layer each, and count as one part.
std::vector<Floor> training_floors(std::span<const Unit> units, int batch, int size, bool blocks);

/// Evaluation: the input read, the output written.
std::vector<Floor> inference_floors(std::span<const Unit> units, int batch, int size);

/// Of a whole benchmark: its networks, and the modules and the teacher of an SSD-KD step under the names of their
/// parts. Empty for a work that is no network's.
std::vector<Floor> floors_of(const BenchmarkConfig& config, bool blocks);

}  // namespace dermdistill
