// The loop behind vector_kernels.h's max_pool. Included once by each vector_kernels_*.cpp inside its own namespace,
// before vector_kernels_loops.h, whose table names it. (no include guard: the including file defines
// DERMDISTILL_KERNEL_SET)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

constexpr int kPoolChannels = 64;  // always whole blocks of them, so that the loops become vector instructions

template <int kSize>
struct WholeNumber;  // as wide as the value beside it, so that one mask serves both
template <>
struct WholeNumber<4> {
  using Type = std::int32_t;
};
template <>
struct WholeNumber<8> {
  using Type = std::int64_t;
};

void max_pool(const Scalar* const* taps, int channels, Scalar* y, std::uint8_t* winner) {
  int first = 0;
  while (taps[first] == nullptr) ++first;
  for (int c0 = 0; c0 < channels; c0 += kPoolChannels) {
    const int n = channels - c0 < kPoolChannels ? channels - c0 : kPoolChannels;
    Scalar values[kPoolChannels] = {}, best[kPoolChannels];
    WholeNumber<sizeof(Scalar)>::Type number[kPoolChannels];
    for (int tap = first; tap < 9; ++tap) {
      if (taps[tap] == nullptr) continue;
      const Scalar* in = taps[tap] + c0;
      if (n < kPoolChannels) {
        for (int c = 0; c < n; ++c) values[c] = in[c];
        in = values;
      }
      if (tap == first) {
        for (int c = 0; c < kPoolChannels; ++c) best[c] = in[c];
        for (int c = 0; c < kPoolChannels; ++c) number[c] = tap;
        continue;
      }
      for (int c = 0; c < kPoolChannels; ++c) {
        number[c] = in[c] > best[c] ? tap : number[c];
        best[c] = in[c] > best[c] ? in[c] : best[c];
      }
    }
    for (int c = 0; c < n; ++c) y[c0 + c] = best[c];
    if (winner == nullptr) continue;
    for (int c = 0; c < n; ++c) winner[c0 + c] = static_cast<std::uint8_t>(number[c]);
  }
}

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
