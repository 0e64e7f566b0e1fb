#include "native/train/sparse_halves.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/io/half.h"

namespace dermdistill {
namespace {

constexpr std::size_t kWord = 64;  // bits

std::size_t words_of(std::size_t count) { return (count + kWord - 1) / kWord; }

std::uint64_t word_at(const std::byte* bytes, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes + index * sizeof word, sizeof word);
  return word;
}

/// Puts the next values where bits are set, and zero elsewhere; `count` values in all.
void expand(const std::byte* bits, const float* values, std::size_t count, float* out) {
  for (std::size_t first = 0; first < count; first += kWord) {
    std::fill(out + first, out + std::min(count, first + kWord), 0.0F);
    for (std::uint64_t word = word_at(bits, first / kWord); word != 0; word &= word - 1)
      out[first + static_cast<std::size_t>(std::countr_zero(word))] = *values++;
  }
}

#if defined(__x86_64__)
/// The same for whole words; the processor has an instruction for it.
__attribute__((target("avx512f,popcnt"))) const float* expand_words(const std::byte* bits, const float* values,
                                                                    std::size_t words, float* out) {
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint64_t word = word_at(bits, w);
    for (unsigned part = 0; part < kWord; part += 16, out += 16) {
      const auto mask = static_cast<__mmask16>(word >> part);
      _mm512_storeu_ps(out, _mm512_maskz_expandloadu_ps(mask, values));
      values += std::popcount(static_cast<std::uint16_t>(mask));
    }
  }
  return values;
}
#endif

}  // namespace

void append_sparse_halves(std::span<const float> values, std::vector<std::byte>& bytes) {
  const std::size_t words = words_of(values.size()), start = bytes.size();
  bytes.resize(start + words * sizeof(std::uint64_t) + values.size() * sizeof(std::uint16_t));  // at most
  std::byte* to = bytes.data() + start + words * sizeof(std::uint64_t);
  for (std::size_t w = 0; w < words; ++w) {
    std::uint64_t word = 0;
    const std::size_t first = w * kWord, last = std::min(values.size(), first + kWord);
    for (std::size_t i = first; i < last; ++i) {
      const std::uint16_t half = to_half(values[i]);
      if ((half & 0x7fffU) == 0) continue;
      word |= std::uint64_t{1} << (i - first);
      std::memcpy(to, &half, sizeof half);
      to += sizeof half;
    }
    std::memcpy(bytes.data() + start + w * sizeof word, &word, sizeof word);
  }
  bytes.resize(static_cast<std::size_t>(to - bytes.data()));
}

bool read_sparse_halves(std::span<const std::byte> bytes, std::span<float> out, std::vector<float>& scratch) {
  const std::size_t words = words_of(out.size()), bits_size = words * sizeof(std::uint64_t);
  if (bytes.size() < bits_size) return false;
  std::size_t present = 0;
  for (std::size_t w = 0; w < words; ++w) present += static_cast<std::size_t>(std::popcount(word_at(bytes.data(), w)));
  if (out.size() % kWord != 0 && words != 0 && word_at(bytes.data(), words - 1) >> (out.size() % kWord) != 0)
    return false;
  if (bytes.size() - bits_size < present * sizeof(std::uint16_t)) return false;
  // The halves lie at an even place of a mapped file or of a buffer.
  const auto* halves = reinterpret_cast<const std::uint16_t*>(bytes.data() + bits_size);
  if (scratch.size() < present) scratch.resize(present);
  from_half(std::span(halves, present), std::span(scratch).first(present));
  const float* values = scratch.data();
  std::size_t done = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    done = out.size() / kWord;
    values = expand_words(bytes.data(), values, done, out.data());
  }
#endif
  expand(bytes.data() + done * sizeof(std::uint64_t), values, out.size() - done * kWord, out.data() + done * kWord);
  return true;
}

}  // namespace dermdistill
