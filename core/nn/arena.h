// Buffers with known lifetimes placed in one block of memory before the first step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/nn/scalar.h"

namespace dermdistill {

/// Plans first, then allocates once. Buffers whose lifetimes [first, last] overlap never share memory.
class Arena {
 public:
  using Id = int;

  /// A buffer of `values` alive from time `first` to `last`, both included.
  Id reserve(std::size_t values, int first, int last);
  /// Lengthens a lifetime so that it contains `time`.
  void keep_until(Id id, int time);
  /// Places every buffer and allocates, zeroed. Call once, after the last reserve.
  void allocate();

  std::span<Scalar> buffer(Id id) const;
  /// All of it.
  std::span<Scalar> memory() const { return {memory_.get(), total_}; }
  std::size_t bytes() const { return total_ * sizeof(Scalar); }

 private:
  struct Block {
    std::size_t values, offset;
    int first, last;
  };
  struct Free {
    std::size_t bytes;
    void operator()(Scalar* memory) const;
  };
  std::vector<Block> blocks_;
  std::unique_ptr<Scalar[], Free> memory_{nullptr, Free{0}};
  std::size_t total_ = 0;
};

}  // namespace dermdistill
