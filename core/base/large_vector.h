// Vectors for the numbers that a training step goes through again and again.
#pragma once

#include <cstddef>
#include <vector>

namespace dermdistill {

/// Memory that begins on a cache line and, from half the size of a huge page on, is whole ones of these if the system
/// grants them (a hint, on Linux): with small pages, address translation costs a step some per cent.
/// @throws std::bad_alloc
void* allocate_large(std::size_t bytes);
void free_large(void* memory, std::size_t bytes) noexcept;

template <typename T>
struct LargeAllocator {
  using value_type = T;

  LargeAllocator() = default;
  template <typename Other>
  LargeAllocator(const LargeAllocator<Other>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_large(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { free_large(memory, count * sizeof(T)); }
  friend bool operator==(const LargeAllocator&, const LargeAllocator&) { return true; }
};

template <typename T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace dermdistill
