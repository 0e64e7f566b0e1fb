#include "core/image/triangle_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

namespace dermdistill {
namespace {

constexpr std::size_t kChannels = 3;
constexpr std::size_t kLanes = 4;  // a pixel's three channels and one lane that is not looked at

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using Integers = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
using Bytes = std::uint8_t __attribute__((vector_size(16)));
using Shorts = std::uint16_t __attribute__((vector_size(16)));

Vector load(const float* values) {
  Vector vector;
  std::memcpy(&vector, values, sizeof vector);
  return vector;
}

/// What an input adds to an output along one side. Beyond the sides the first and the last input are repeated.
struct Share {
  int input = 0, output = 0;
  float weight = 0;
};

float triangle(float distance) {
  const float away = std::abs(distance);
  return away <= 1.0F ? 1.0F - away : 0.0F;
}

int floor_of(double value) { return static_cast<int>(std::floor(value)); }
float centre_of(int place) { return static_cast<float>(place) + 0.5F; }

/// The triangle is as wide as two outputs: each input asks to which it adds.
std::vector<Share> shrinking_shares(int inputs, int outputs, float scale, int margin) {
  std::vector<Share> shares;
  const float radius = 1.0F / scale;
  for (int input = -margin; input < inputs + margin; ++input) {
    const float low = (centre_of(input) - radius) * scale, high = (centre_of(input) + radius) * scale;
    const int first = floor_of(static_cast<double>(low) + 0.5), last = floor_of(static_cast<double>(high) - 0.5);
    const float target = centre_of(input) * scale;
    for (int output = std::max(first, 0); output <= std::min(last, outputs - 1); ++output)
      shares.push_back({input, output, triangle(centre_of(output) - target) * scale});
  }
  return shares;
}

/// The triangle is as wide as two inputs: each output asks of which it is the sum.
std::vector<Share> growing_shares(int outputs, float scale) {
  std::vector<Share> shares;
  for (int output = 0; output < outputs; ++output) {
    const float low = (centre_of(output) - scale) / scale, high = (centre_of(output) + scale) / scale;
    const int first = floor_of(static_cast<double>(low) + 0.5), last = floor_of(static_cast<double>(high) - 0.5);
    const float source = centre_of(output) / scale;
    for (int input = first; input <= last; ++input)
      shares.push_back({input, output, triangle(source - centre_of(input))});
  }
  return shares;
}

/// What the outputs along one side are sums of: each of a run of inputs, which begins up to `margin` before the first.
struct Runs {
  std::size_t margin = 0;          // inputs repeated before the first and after the last
  std::size_t length = 0;          // of every run, zeros at its end included
  std::vector<std::size_t> first;  // of each output's run; 0 is the first input of the margin
  std::vector<float> weights;      // [outputs, length]
};

Runs runs_of(int inputs, int outputs) {
  const float scale = static_cast<float>(outputs) / static_cast<float>(inputs);
  const bool grows = scale > 1.0F;
  const int margin = grows ? 1 : static_cast<int>(std::ceil(2.0F / scale)) / 2;
  std::vector<Share> shares = grows ? growing_shares(outputs, scale) : shrinking_shares(inputs, outputs, scale, margin);

  const auto count = static_cast<std::size_t>(outputs);
  std::vector<float> totals(count, 0.0F);
  for (const Share& share : shares) totals[static_cast<std::size_t>(share.output)] += share.weight;
  std::erase_if(shares, [](const Share& share) { return share.weight == 0.0F; });

  Runs runs;
  runs.margin = static_cast<std::size_t>(margin);
  const auto place = [margin](const Share& share) { return static_cast<std::size_t>(share.input + margin); };
  runs.first.assign(count, static_cast<std::size_t>(inputs + 2 * margin));
  for (const Share& share : shares) {  // their inputs rise
    std::size_t& first = runs.first[static_cast<std::size_t>(share.output)];
    first = std::min(first, place(share));
    runs.length = std::max(runs.length, place(share) + 1 - first);
  }
  runs.weights.assign(count * runs.length, 0.0F);
  for (const Share& share : shares) {
    const auto output = static_cast<std::size_t>(share.output);
    runs.weights[output * runs.length + place(share) - runs.first[output]] = share.weight * (1.0F / totals[output]);
  }
  return runs;
}

// 1 / 255 in two parts of so few bits that a byte's product with either is exact: their sum, rounded once, is what a
// division gives, which takes several times as long.
constexpr float kHigh = 0x1.01p-8F, kLow = 0x1.0101p-24F;
static_assert([] {
  for (int value = 0; value < 256; ++value) {
    const auto byte = static_cast<float>(value);
    if (byte * kHigh + byte * kLow != byte / 255.0F) return false;
  }
  return true;
}());

/// Sixteen bytes from 0 to 1.
std::array<Vector, 4> widened(Bytes bytes) {
  // Interleaved with zeros, which compilers make better code of than of a conversion from bytes.
  static_assert(std::endian::native == std::endian::little);
  const auto low = reinterpret_cast<Shorts>(
      __builtin_shufflevector(bytes, Bytes{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  const auto high = reinterpret_cast<Shorts>(
      __builtin_shufflevector(bytes, Bytes{}, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  std::array<Vector, 4> values;
  std::size_t i = 0;
  for (const Shorts half : {low, high}) {
    for (const Shorts quarter : {__builtin_shufflevector(half, Shorts{}, 0, 8, 1, 9, 2, 10, 3, 11),
                                 __builtin_shufflevector(half, Shorts{}, 4, 12, 5, 13, 6, 14, 7, 15)}) {
      const Vector wide = __builtin_convertvector(reinterpret_cast<Integers>(quarter), Vector);
      values[i++] = wide * kHigh + wide * kLow;
    }
  }
  return values;
}

/// A row of pixels from 0 to 1, its first and last repeated `margin` times.
void widen_row(const std::uint8_t* row, std::size_t width, std::size_t margin, float* out) {
  float* inner = out + margin * kChannels;
  const std::size_t values = width * kChannels;
  for (std::size_t i = 0; i < values; i += sizeof(Bytes)) {
    const std::size_t count = std::min(sizeof(Bytes), values - i);
    Bytes bytes{};
    // Of a length that is known where it can be: such a copy is one instruction.
    count == sizeof bytes ? std::memcpy(&bytes, row + i, sizeof bytes) : std::memcpy(&bytes, row + i, count);
    const std::array<Vector, 4> wide = widened(bytes);
    count == sizeof bytes ? std::memcpy(inner + i, wide.data(), sizeof wide)
                          : std::memcpy(inner + i, wide.data(), count * sizeof(float));
  }
  const float* last = inner + (width - 1) * kChannels;
  for (std::size_t i = 0; i < margin; ++i) {
    std::copy_n(inner, kChannels, out + i * kChannels);
    std::copy_n(last, kChannels, inner + (width + i) * kChannels);
  }
}

/// Resizes `Rows` rows at once, so that their sums, each of which must wait for its last addition, wait together. All
/// hold kLanes values more than their pixels need: the unused lane of the last pixel lies there.
template <std::size_t Rows>
void resize_rows(const Runs& runs, const std::array<const float*, Rows>& in, const std::array<float*, Rows>& out) {
  for (std::size_t output = 0; output < runs.first.size(); ++output) {
    const std::size_t pixel = runs.first[output] * kChannels;
    const float* weights = &runs.weights[output * runs.length];
    std::array<Vector, Rows> sums{};
    for (std::size_t i = 0; i < runs.length; ++i) {
      for (std::size_t row = 0; row < Rows; ++row) sums[row] += load(in[row] + pixel + i * kChannels) * weights[i];
    }
    // The next pixel goes over the unused lane.
    for (std::size_t row = 0; row < Rows; ++row) std::memcpy(out[row] + output * kChannels, &sums[row], sizeof(Vector));
  }
}

/// 0 to 255, to the nearest, halves upwards. No sum is below 0, as no weight and no value is.
Integers rounded(Vector sums) {
  const Vector one = Vector{} + 1.0F;
  const Vector scaled = (sums > one ? one : sums) * 255.0F;
  const Integers whole = __builtin_convertvector(scaled, Integers);
  const Integers up = scaled - __builtin_convertvector(whole, Vector) >= 0.5F;  // -1 where that holds
  return whole - up;
}

/// out[i] = sum of weights[row] * rows[row][i]; rows hold a multiple of `kBlock` values.
constexpr std::size_t kBlock = 4 * kLanes;
void blend_rows(const std::vector<const float*>& rows, const float* weights, std::size_t values, std::uint8_t* out) {
  for (std::size_t at = 0; at < values; at += kBlock) {
    std::array<Vector, kBlock / kLanes> sums{};
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += load(rows[row] + at + i * kLanes) * weights[row];
    }
    std::array<std::int32_t, kBlock> whole;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const Integers four = rounded(sums[i]);
      std::memcpy(&whole[i * kLanes], &four, sizeof four);
    }
    for (std::size_t i = 0; i < std::min(kBlock, values - at); ++i) out[at + i] = static_cast<std::uint8_t>(whole[i]);
  }
}

}  // namespace

void triangle_resize(const std::uint8_t* in, int width, int height, int row_bytes, std::uint8_t* out, int out_width,
                     int out_height) {
  const Runs across = runs_of(width, out_width), down = runs_of(height, out_height);
  const auto in_width = static_cast<std::size_t>(width), in_height = static_cast<std::size_t>(height);
  const std::size_t values = static_cast<std::size_t>(out_width) * kChannels;
  // Runs that end with zeros may reach beyond the margin.
  constexpr std::size_t kTogether = 4;
  const std::size_t wide_values = (in_width + 2 * across.margin + across.length) * kChannels + kLanes;
  std::vector<float> wide(kTogether * wide_values);
  // The rows that one output needs, each made once and kept while the next outputs need it too; some are made ahead.
  const std::size_t row_values = (values + kLanes + kBlock - 1) / kBlock * kBlock, kept = down.length + kTogether;
  std::vector<float> rows(kept * row_values);
  const std::size_t all = in_height + 2 * down.margin;
  const auto row_at = [&](std::size_t row) { return &rows[row % kept * row_values]; };
  const auto make = [&]<std::size_t Rows>(std::size_t first, std::integral_constant<std::size_t, Rows>) {
    std::array<const float*, Rows> from;
    std::array<float*, Rows> to;
    for (std::size_t i = 0; i < Rows; ++i) {
      const std::size_t row = first + i, source = std::min(row - std::min(row, down.margin), in_height - 1);
      float* widened = &wide[i * wide_values];
      widen_row(in + source * static_cast<std::size_t>(row_bytes), in_width, across.margin, widened);
      from[i] = widened;
      to[i] = row_at(row);
    }
    resize_rows<Rows>(across, from, to);
  };
  std::size_t made = 0;
  std::vector<const float*> needed;
  for (std::size_t y = 0; y < down.first.size(); ++y) {
    const std::size_t end = std::min(down.first[y] + down.length, all);
    made = std::max(made, down.first[y]);
    while (made < end) {
      const bool together = made + kTogether <= all;
      if (together) make(made, std::integral_constant<std::size_t, kTogether>{});
      if (!together) make(made, std::integral_constant<std::size_t, 1>{});
      made += together ? kTogether : 1;
    }
    needed.clear();
    for (std::size_t row = down.first[y]; row < end; ++row) needed.push_back(row_at(row));
    blend_rows(needed, &down.weights[y * down.length], values, out + y * values);
  }
}

}  // namespace dermdistill
