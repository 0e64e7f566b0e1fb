// The loops behind winograd_kernels.h. Included once by each vector_kernels_*.cpp inside its own namespace, after
// product_loops.h.
// (no include guard: the including file defines DERMDISTILL_KERNEL_SET)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

using Lane = Vector<kLanes>;

/// B', a line of 6 inputs.
inline void winograd_input_line(const Lane* in, Lane* out) {
  const Lane a = in[4] - 4 * in[2], b = in[3] - 4 * in[1];
  const Lane c = in[4] - in[2], d = 2 * (in[3] - in[1]);
  const Lane first = 4 * in[0] - 5 * in[2] + in[4], last = 4 * in[1] - 5 * in[3] + in[5];
  out[0] = first;
  out[1] = a + b;
  out[2] = a - b;
  out[3] = c + d;
  out[4] = c - d;
  out[5] = last;
}

/// A', a line of 6 products to 4 outputs.
inline void winograd_output_line(const Lane* in, Lane* out) {
  const Lane s1 = in[1] + in[2], d1 = in[1] - in[2];
  const Lane s2 = in[3] + in[4], d2 = in[3] - in[4];
  out[0] = in[0] + s1 + s2;
  out[1] = d1 + 2 * d2;
  out[2] = s1 + 4 * s2;
  out[3] = d1 + 8 * d2 + in[5];
}

/// A, a line of 4 gradients of outputs to those of 6 products.
inline void winograd_gradient_line(const Lane* in, Lane* out) {
  const Lane even = in[0] + in[2], odd = in[1] + in[3];
  const Lane wide_even = in[0] + 4 * in[2], wide_odd = 2 * in[1] + 8 * in[3];
  out[0] = in[0];
  out[1] = even + odd;
  out[2] = even - odd;
  out[3] = wide_even + wide_odd;
  out[4] = wide_even - wide_odd;
  out[5] = in[3];
}

/// G, a line of 3 taps.
inline void winograd_filter_line(const Lane* in, Lane* out) {
  constexpr Scalar kSixth = Scalar(1) / 6, kTwelfth = Scalar(1) / 12, kTwentyFourth = Scalar(1) / 24;
  const Lane ends = -kSixth * (in[0] + in[2]), middle = kSixth * in[1];
  const Lane wide = kTwentyFourth * in[0] + kSixth * in[2], wide_middle = kTwelfth * in[1];
  out[0] = Scalar(0.25) * in[0];
  out[1] = ends - middle;
  out[2] = ends + middle;
  out[3] = wide + wide_middle;
  out[4] = wide - wide_middle;
  out[5] = in[2];
}

/// G', a line of 6 gradients to those of 3 taps.
inline void winograd_filter_gradient_line(const Lane* in, Lane* out) {
  constexpr Scalar kSixth = Scalar(1) / 6, kTwelfth = Scalar(1) / 12, kTwentyFourth = Scalar(1) / 24;
  const Lane near = in[1] + in[2], far = in[3] + in[4];
  out[0] = Scalar(0.25) * in[0] - kSixth * near + kTwentyFourth * far;
  out[1] = kSixth * (in[2] - in[1]) + kTwelfth * (in[3] - in[4]);
  out[2] = kSixth * (far - near) + in[5];
}

template <typename Use>
inline void for_lanes(int channels, std::int64_t panel, Use&& use) {
  for (int c = 0; c < channels; c += kLanes) use(c, (c / kPanel) * panel + c % kPanel);
}

void winograd_transform_input(const Scalar* const* pixels, int channels, WinogradTile to) {
  for_lanes(channels, to.panel, [&](int c, std::int64_t place) {
    Lane lines[kWinogradPlanes];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
      Lane column[6];
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) column[y] = load<kLanes>(pixels[6 * y + x] + c);
      winograd_input_line(column, column);
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) lines[6 * y + x] = column[y];
    }
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) {
      Lane row[6];
      winograd_input_line(lines + 6 * y, row);
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) store<kLanes>(to.data + (6 * y + x) * to.plane + place, row[x]);
    }
  });
}

template <bool kBias, bool kResidual, Activation kActivation>
inline void winograd_output(ConstWinogradTile from, int channels, const WinogradEpilogue& epilogue,
                            Scalar* const* pixels) {
  for_lanes(channels, from.panel, [&](int c, std::int64_t place) {
    Lane lines[24];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
      Lane column[6], out[4];
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) column[y] = load<kLanes>(from.data + (6 * y + x) * from.plane + place);
      winograd_output_line(column, out);
#pragma GCC unroll 4
      for (int y = 0; y < 4; ++y) lines[6 * y + x] = out[y];
    }
    Lane bias = {};
    if constexpr (kBias) bias = load<kLanes>(epilogue.bias + c);
#pragma GCC unroll 4
    for (int y = 0; y < 4; ++y) {
      Lane row[4];
      winograd_output_line(lines + 6 * y, row);
#pragma GCC unroll 4
      for (int x = 0; x < 4; ++x) {
        Lane value = row[x];
        if constexpr (kBias) value += bias;
        if constexpr (kResidual) value += load<kLanes>(epilogue.residual[4 * y + x] + c);
        const Lane zero = {}, six = zero + Scalar(6);
        if constexpr (kActivation != Activation::None) value = value > zero ? value : zero;
        if constexpr (kActivation == Activation::Relu6) value = value < six ? value : six;
        store<kLanes>(pixels[4 * y + x] + c, value);
      }
    }
  });
}

template <Activation kActivation>
void winograd_output_with(ConstWinogradTile from, int channels, const WinogradEpilogue& epilogue,
                          Scalar* const* pixels) {
  epilogue.residual != nullptr ? winograd_output<true, true, kActivation>(from, channels, epilogue, pixels)
                               : winograd_output<true, false, kActivation>(from, channels, epilogue, pixels);
}

void winograd_transform_output(ConstWinogradTile from, int channels, const WinogradEpilogue& epilogue,
                               Scalar* const* pixels) {
  if (epilogue.bias == nullptr)
    return winograd_output<false, false, Activation::None>(from, channels, epilogue, pixels);
  switch (epilogue.activation) {
    case Activation::None:
      return winograd_output_with<Activation::None>(from, channels, epilogue, pixels);
    case Activation::Relu:
      return winograd_output_with<Activation::Relu>(from, channels, epilogue, pixels);
    case Activation::Relu6:
      return winograd_output_with<Activation::Relu6>(from, channels, epilogue, pixels);
  }
}

void winograd_transform_gradient(const Scalar* const* pixels, int channels, WinogradTile to) {
  for_lanes(channels, to.panel, [&](int c, std::int64_t place) {
    Lane lines[24];
#pragma GCC unroll 4
    for (int x = 0; x < 4; ++x) {
      Lane column[4], out[6];
#pragma GCC unroll 4
      for (int y = 0; y < 4; ++y) column[y] = load<kLanes>(pixels[4 * y + x] + c);
      winograd_gradient_line(column, out);
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) lines[4 * y + x] = out[y];
    }
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) {
      Lane row[6];
      winograd_gradient_line(lines + 4 * y, row);
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) store<kLanes>(to.data + (6 * y + x) * to.plane + place, row[x]);
    }
  });
}

void winograd_transform_filter(const Scalar* taps, std::int64_t tap, bool flipped, int channels, WinogradTile to) {
  for_lanes(channels, to.panel, [&](int c, std::int64_t place) {
    Lane lines[18];
    for (int x = 0; x < 3; ++x) {
      Lane column[3], out[6];
      for (int y = 0; y < 3; ++y) column[y] = load<kLanes>(taps + (flipped ? 8 - (3 * y + x) : 3 * y + x) * tap + c);
      winograd_filter_line(column, out);
      for (int y = 0; y < 6; ++y) lines[3 * y + x] = out[y];
    }
    for (int y = 0; y < 6; ++y) {
      Lane row[6];
      winograd_filter_line(lines + 3 * y, row);
      for (int x = 0; x < 6; ++x) store<kLanes>(to.data + (6 * y + x) * to.plane + place, row[x]);
    }
  });
}

void winograd_transform_filter_gradient(ConstWinogradTile from, int channels, Scalar* taps, std::int64_t tap) {
  for_lanes(channels, from.panel, [&](int c, std::int64_t place) {
    Lane lines[18];
    for (int x = 0; x < 6; ++x) {
      Lane column[6], out[3];
      for (int y = 0; y < 6; ++y) column[y] = load<kLanes>(from.data + (6 * y + x) * from.plane + place);
      winograd_filter_gradient_line(column, out);
      for (int y = 0; y < 3; ++y) lines[6 * y + x] = out[y];
    }
    for (int y = 0; y < 3; ++y) {
      Lane row[3];
      winograd_filter_gradient_line(lines + 6 * y, row);
      for (int x = 0; x < 3; ++x) store<kLanes>(taps + (3 * y + x) * tap + c, row[x]);
    }
  });
}

constexpr WinogradKernels kWinogradTable{winograd_transform_input, winograd_transform_output,
                                         winograd_transform_gradient, winograd_transform_filter,
                                         winograd_transform_filter_gradient};

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
