#include "core/nn/thread_scratch.h"

#include <algorithm>

#include "core/base/large_vector.h"
#include "core/base/parallel.h"

namespace dermdistill {

ThreadScratch::ThreadScratch(int parts, std::size_t size)
    // An odd number of cache lines more, so that the threads' equal pieces do not fall on the same cache sets.
    : parts_(parts),
      size_(ScratchPieces::rounded(size) + 16 * 17),
      memory_(static_cast<Scalar*>(allocate_large(bytes())), Free{bytes()}) {
  parallel_parts(parts, [&](int part, int) {
    Scalar* own = memory_.get() + static_cast<std::size_t>(part) * size_;
    std::fill(own, own + size_, Scalar(0));
  });
}

}  // namespace dermdistill
