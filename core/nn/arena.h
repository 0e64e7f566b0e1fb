// Buffers with known lifetimes placed in one block of memory before the first step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace dermdistill {

/// Plans first, then allocates once. Buffers whose lifetimes [first, last] overlap never share memory.
class Arena {
 public:
  using Id = int;

  /// A buffer of `floats` alive from time `first` to `last`, both included.
  Id reserve(std::size_t floats, int first, int last);
  /// Lengthens a lifetime so that it contains `time`.
  void keep_until(Id id, int time);
  /// Places every buffer and allocates, zeroed. Call once, after the last reserve.
  void allocate();

  std::span<float> buffer(Id id) const;
  std::size_t bytes() const { return total_ * sizeof(float); }

 private:
  struct Block {
    std::size_t floats, offset;
    int first, last;
  };
  struct Free {
    void operator()(float* memory) const;
  };
  std::vector<Block> blocks_;
  std::unique_ptr<float[], Free> memory_;
  std::size_t total_ = 0;
};

}  // namespace dermdistill
