// Memory of each thread's own for passing intermediate results between kernels while they are in its cache.
#pragma once

#include <cstddef>
#include <memory>

#include "core/base/large_vector.h"
#include "core/nn/scalar.h"

namespace dermdistill {

/// Hands out consecutive pieces of one thread's memory, each on a cache line of its own.
class ScratchPieces {
 public:
  explicit ScratchPieces(Scalar* begin) : next_(begin) {}
  Scalar* take(std::size_t count) {
    Scalar* piece = next_;
    next_ += rounded(count);
    return piece;
  }
  static std::size_t rounded(std::size_t count) { return (count + 15) / 16 * 16; }

 private:
  Scalar* next_;
};

class ThreadScratch {
 public:
  ThreadScratch(int parts, std::size_t size);
  ScratchPieces of(int part) { return ScratchPieces(memory_.get() + static_cast<std::size_t>(part) * size_); }
  std::size_t bytes() const { return static_cast<std::size_t>(parts_) * size_ * sizeof(Scalar); }

 private:
  struct Free {
    std::size_t bytes;
    void operator()(Scalar* memory) const { free_large(memory, bytes); }
  };
  int parts_;
  std::size_t size_;
  std::unique_ptr<Scalar[], Free> memory_;
};

}  // namespace dermdistill
