// What the machine itself can do: the limits that a step's time is compared with.
#pragma once

#include <string>

#include "core/nn/backend.h"

namespace dermdistill {

struct MachineLimits {
  double copy_gb_per_s = 0;     // a = b, as STREAM counts it: two arrays read or written
  double triad_gb_per_s = 0;    // a = b + s c: three
  double gemm_gflop_per_s = 0;  // the backend's product of two 2048 x 2048 matrices
};

/// On the threads that kernels use now. Arrays are larger than any cache; the best of `repeats`.
MachineLimits measure_machine(const Backend& backend, int repeats);

/// As the processor calls itself; "unknown processor" where it does not.
std::string processor_name();
/// Bytes of memory.
double memory_bytes();

}  // namespace dermdistill
