// The gradient of a 1x1 convolution's filters: products over all pixels of a batch.
#pragma once

#include <cstdint>

#include "core/nn/scalar.h"

namespace dermdistill {

class PointwiseFiltersGradient {
 public:
  /// in and out are multiples of kPanel. Makes its room in the shared ones, so that no step allocates.
  PointwiseFiltersGradient(std::int64_t pixels, int in, int out);

  /// dw [out, in] = dy' x with x [pixels, in] and dy [pixels, out].
  void compute(const Scalar* x, const Scalar* dy, Scalar* dw) const;

 private:
  void compute_together(const Scalar* x, const Scalar* dy, Scalar* dw) const;
  void compute_apart(const Scalar* x, const Scalar* dy, Scalar* dw) const;
  void add_up_part(const Scalar* x, const Scalar* dy, std::int64_t first, std::int64_t last, Scalar* packed,
                   Scalar* sums) const;
  std::int64_t filters() const { return static_cast<std::int64_t>(in_) * out_; }
  std::int64_t packed_values() const;
  std::int64_t values_of_part() const;

  std::int64_t pixels_, group_;  // pixels that are packed and added up in one go
  int in_, out_;
  bool apart_;  // every thread adds up its own pixels, and the sums of the threads are added at the end
};

}  // namespace dermdistill
