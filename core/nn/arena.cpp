#include "core/nn/arena.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "core/base/large_vector.h"
#include "core/base/parallel.h"

namespace dermdistill {
namespace {
constexpr std::size_t kAlignmentBytes = 64;  // a cache line and the widest vector
constexpr std::size_t kAlignmentValues = kAlignmentBytes / sizeof(Scalar);
}  // namespace

void Arena::Free::operator()(Scalar* memory) const { free_large(memory, bytes); }

Arena::Id Arena::reserve(std::size_t values, int first, int last) {
  const std::size_t rounded = (values + kAlignmentValues - 1) / kAlignmentValues * kAlignmentValues;
  blocks_.push_back({std::max(rounded, kAlignmentValues), 0, first, last});
  return static_cast<Id>(blocks_.size()) - 1;
}

void Arena::keep_until(Id id, int time) {
  auto& block = blocks_[static_cast<std::size_t>(id)];
  block.last = std::max(block.last, time);
}

void Arena::allocate() {
  // Largest first, each at the lowest offset that no overlapping lifetime occupies.
  std::vector<std::size_t> order(blocks_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return blocks_[a].values > blocks_[b].values; });
  std::vector<std::size_t> placed;  // sorted by offset
  for (const std::size_t index : order) {
    Block& block = blocks_[index];
    std::size_t offset = 0;
    for (const std::size_t other_index : placed) {
      const Block& other = blocks_[other_index];
      if (other.last < block.first || other.first > block.last) continue;
      if (offset + block.values <= other.offset) break;
      offset = std::max(offset, other.offset + other.values);
    }
    block.offset = offset;
    total_ = std::max(total_, offset + block.values);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), index,
                                   [&](std::size_t a, std::size_t b) { return blocks_[a].offset < blocks_[b].offset; }),
                  index);
  }
  memory_ = {static_cast<Scalar*>(allocate_large(bytes())), Free{bytes()}};
  // Touched once by the threads that will use it, so that no step pays for page faults.
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(static_cast<std::int64_t>(total_), part, parts);
    std::fill(memory_.get() + first, memory_.get() + last, 0.0f);
  });
}

std::span<Scalar> Arena::buffer(Id id) const {
  const Block& block = blocks_[static_cast<std::size_t>(id)];
  return {memory_.get() + block.offset, block.values};
}

}  // namespace dermdistill
