#include "core/base/large_vector.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace dermdistill {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21, kCacheLine = 64;

bool on_huge_pages(std::size_t bytes) { return bytes >= kHugePage / 2; }
/// Whole huge pages, as the kernel gives no part of one.
std::size_t rounded(std::size_t bytes) {
  return on_huge_pages(bytes) ? (bytes + kHugePage - 1) / kHugePage * kHugePage : bytes;
}
std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{on_huge_pages(bytes) ? kHugePage : kCacheLine};
}

}  // namespace

void* allocate_large(std::size_t bytes) {
  void* memory = ::operator new(rounded(bytes), alignment_of(bytes));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (on_huge_pages(bytes)) madvise(memory, rounded(bytes), MADV_HUGEPAGE);
#endif
  return memory;
}

void free_large(void* memory, std::size_t bytes) noexcept { ::operator delete(memory, alignment_of(bytes)); }

}  // namespace dermdistill
