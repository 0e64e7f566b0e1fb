// IEEE 754 half-precision numbers (binary16) and bfloat16, converted to and from float.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/bit_cast.h"

namespace dermdistill {

/// Rounds to nearest, ties to even; overflow gives infinity, NaN stays NaN (quiet, its upper payload bits kept).
inline std::uint16_t to_half(float value) {
  const std::uint32_t bits = bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  // Normal results: rebias the exponent by 127 - 15 and round the 13 dropped bits to even; a carry may reach infinity.
  const std::uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  // Subnormal results: adding 0.5 puts the last place of a half subnormal (2^-24) at the last place of the sum.
  const std::uint32_t subnormal =
      bit_cast<std::uint32_t>(bit_cast<float>(magnitude) + 0.5f) - bit_cast<std::uint32_t>(0.5f);
  const std::uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  std::uint32_t half = magnitude < (113u << 23) ? subnormal : normal;
  half = magnitude >= (143u << 23) ? 0x7c00u : half;  // 65536 and above; 65520 to 65535 carried over above
  half = magnitude > 0x7f800000u ? nan : half;
  return static_cast<std::uint16_t>(sign | half);
}

/// Exact for every half; a signalling NaN becomes quiet.
inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7fffu;
  const std::uint32_t normal = (magnitude << 13) + (112u << 23);
  // Infinity and NaN: the exponent of all ones moves from 31 to 255.
  const std::uint32_t special = ((magnitude << 13) | 0x7f800000u) | (magnitude > 0x7c00u ? 0x00400000u : 0u);
  // Zero and subnormals: the fraction counts 2^-24; the conversion of a small integer to float is exact.
  const float small = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
  std::uint32_t bits = magnitude < 0x0400u ? bit_cast<std::uint32_t>(small) : normal;
  bits = magnitude >= 0x7c00u ? special : bits;
  return bit_cast<float>(sign | bits);
}

/// The same, value by value. @throws ShapeError when the lengths differ.
void to_half(std::span<const float> values, std::span<std::uint16_t> out);
void from_half(std::span<const std::uint16_t> halves, std::span<float> out);

/// bfloat16: the upper half of a float. Exact in this direction.
inline float from_bfloat16(std::uint16_t value) { return bit_cast<float>(static_cast<std::uint32_t>(value) << 16); }

}  // namespace dermdistill
