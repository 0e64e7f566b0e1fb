#include "core/io/half.h"

#include <cstddef>
#include <string>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/base/error.h"

namespace dermdistill {
namespace {

void check_lengths(std::size_t in, std::size_t out, const char* thing) {
  if (in != out)
    throw ShapeError(thing, "the output has room for " + std::to_string(out) + " values", std::to_string(in));
}

#if defined(__x86_64__)

// The processor's own conversion, eight values at a time; it gives the same bits as the scalar one. Every processor
// with AVX2 has it. Both return how many values they converted.
__attribute__((target("avx2,f16c"))) std::size_t to_half_f16c(const float* source, std::size_t count,
                                                              std::uint16_t* target) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  return i;
}

__attribute__((target("avx2,f16c"))) std::size_t from_half_f16c(const std::uint16_t* source, std::size_t count,
                                                                float* target) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(target + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(source + i))));
  return i;
}

bool has_f16c() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

std::size_t convert_fast(const float* source, std::size_t count, std::uint16_t* target) {
  return has_f16c() ? to_half_f16c(source, count, target) : 0;
}

std::size_t convert_fast(const std::uint16_t* source, std::size_t count, float* target) {
  return has_f16c() ? from_half_f16c(source, count, target) : 0;
}

#else

template <typename From, typename To>
std::size_t convert_fast(const From*, std::size_t, To*) {
  return 0;
}

#endif

}  // namespace

void to_half(std::span<const float> values, std::span<std::uint16_t> out) {
  check_lengths(values.size(), out.size(), "conversion to half precision");
  const float* source = values.data();
  std::uint16_t* target = out.data();
  const std::size_t count = values.size();
  for (std::size_t i = convert_fast(source, count, target); i < count; ++i) target[i] = to_half(source[i]);
}

void from_half(std::span<const std::uint16_t> halves, std::span<float> out) {
  check_lengths(halves.size(), out.size(), "conversion from half precision");
  const std::uint16_t* source = halves.data();
  float* target = out.data();
  const std::size_t count = halves.size();
  for (std::size_t i = convert_fast(source, count, target); i < count; ++i) target[i] = from_half(source[i]);
}

}  // namespace dermdistill
