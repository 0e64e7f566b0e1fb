// Which maps are better written past the cache: what is not there any more when it is read next, and would only push
// out what is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/index.h"
#include "core/nn/scalar.h"

namespace dermdistill {

constexpr std::size_t kCacheLine = 64;
/// Maps larger than this are out of the cache when they are read next.
constexpr std::size_t kCachedBytes = std::size_t{12} << 20;

/// Whether pixels of a map begin on cache lines, so that they may be streamed.
inline bool on_cache_lines(const Scalar* map, int channels) {
  return at(channels) * sizeof(Scalar) % kCacheLine == 0 && reinterpret_cast<std::uintptr_t>(map) % kCacheLine == 0;
}
inline bool passes_cache(const Scalar* map, std::int64_t pixels, int channels) {
  return at(pixels) * at(channels) * sizeof(Scalar) > kCachedBytes && on_cache_lines(map, channels);
}

}  // namespace dermdistill
