// Threads for kernels. Work is split statically, so the same thread count gives the same bits.
#pragma once

#include <cstdint>
#include <utility>

namespace dermdistill {

/// Threads that kernels use from now on, at least 1. Without OpenMP (WebAssembly) it is always 1.
void set_thread_count(int threads);
int thread_count();

/// The half-open slice [first, last) of `total` items that part `part` of `parts` works on.
inline std::pair<std::int64_t, std::int64_t> slice_of(std::int64_t total, int part, int parts) {
  return {total * part / parts, total * (part + 1) / parts};
}

/// Calls body(part, parts) for part in [0, parts), each on a thread of its own, and waits for all of them. Whoever
/// keeps something per part passes the count that it was made for, so that a later set_thread_count() cannot outgrow
/// it.
template <typename Body>
void parallel_parts(int parts, Body&& body) {
#ifdef _OPENMP
#pragma omp parallel for num_threads(parts) schedule(static, 1)
#endif
  for (int part = 0; part < parts; ++part) body(part, parts);
}

/// The same with as many parts as there are threads now.
template <typename Body>
void parallel_parts(Body&& body) {
  parallel_parts(thread_count(), std::forward<Body>(body));
}

/// Calls body(i) for i in [0, count), each thread taking one contiguous slice.
template <typename Body>
void parallel_for(std::int64_t count, Body&& body) {
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(count, part, parts);
    for (std::int64_t i = first; i < last; ++i) body(i);
  });
}

}  // namespace dermdistill
