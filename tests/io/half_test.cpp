#include "core/io/half.h"

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"

using namespace dermdistill;

namespace {

// By the definition of binary16, in double: independent of bit tricks.
double value_of(std::uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double sign = half & 0x8000 ? -1 : 1;
  if (exponent == 31) return fraction ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

// Rounds to the nearest multiple of the half's last place, ties to even (the default rounding of nearbyint).
double rounded(float value) {
  if (std::isnan(value) || std::isinf(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int last_place = std::max(exponent - 11, -24);
  const double result = std::ldexp(std::nearbyint(std::ldexp(static_cast<double>(value), -last_place)), last_place);
  return std::abs(result) > 65504 ? std::copysign(std::numeric_limits<double>::infinity(), result) : result;
}

void check_rounding(float value) {
  const std::uint16_t half = to_half(value);
  const double expected = rounded(value);
  INFO(value);
  if (std::isnan(value)) {
    REQUIRE(std::isnan(value_of(half)));
  } else {
    REQUIRE(value_of(half) == expected);
  }
  REQUIRE((half >> 15 != 0) == std::signbit(value));
}

}  // namespace

TEST_CASE("every half converts exactly and back to itself", "[io]") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    INFO(bits);
    if (std::isnan(value_of(half))) {
      REQUIRE(std::isnan(value));
      REQUIRE(to_half(value) == (half | 0x0200));  // quiet, sign and payload kept
    } else {
      REQUIRE(static_cast<double>(value) == value_of(half));
      REQUIRE(std::signbit(value) == (bits >= 0x8000));
      REQUIRE(to_half(value) == half);
    }
  }
}

TEST_CASE("floats round to the nearest half, ties to even", "[io]") {
  // Around every half and every middle between two neighbours: the float itself, the one before and the one after.
  const float infinity = std::numeric_limits<float>::infinity();
  for (std::uint16_t half = 0; half < 0x7c00; ++half) {
    const float here = from_half(half);
    const float next = half + 1 == 0x7c00 ? 65536.0f : from_half(static_cast<std::uint16_t>(half + 1));
    const float middle = here + (next - here) / 2;
    for (const float value : {here, middle})
      for (const float near : {std::nextafterf(value, -infinity), value, std::nextafterf(value, infinity)}) {
        check_rounding(near);
        check_rounding(-near);
      }
  }
  for (const float value : {0.0f, -0.0f, infinity, std::numeric_limits<float>::max(), std::numeric_limits<float>::min(),
                            std::numeric_limits<float>::denorm_min(), std::nanf(""), -std::nanf("")})
    check_rounding(value);
  CHECK(to_half(65519.99f) == 0x7bff);
  CHECK(to_half(65520.0f) == 0x7c00);
  CHECK(to_half(0x1p-25f) == 0x0000);  // a tie, to even
  CHECK(to_half(0x1.000002p-25f) == 0x0001);
}

TEST_CASE("random bit patterns round correctly", "[io]") {
  Random random(11);
  for (int i = 0; i < 200'000; ++i) check_rounding(std::bit_cast<float>(static_cast<std::uint32_t>(random.bits())));
}

TEST_CASE("spans convert as single values do, at any length", "[io]") {
  Random random(12);
  for (std::size_t length = 0; length < 70; ++length) {
    std::vector<float> values(length), back(length);
    std::vector<std::uint16_t> halves(length);
    for (float& value : values) value = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    to_half(values, halves);
    from_half(halves, back);
    for (std::size_t i = 0; i < length; ++i) {
      REQUIRE(halves[i] == to_half(values[i]));
      REQUIRE(std::bit_cast<std::uint32_t>(back[i]) == std::bit_cast<std::uint32_t>(from_half(halves[i])));
    }
  }
  std::vector<std::uint16_t> every(65536), again(65536);
  std::vector<float> values(65536);
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<std::uint16_t>(i);
  from_half(every, values);
  to_half(values, again);
  for (std::size_t i = 0; i < every.size(); ++i) {
    REQUIRE(std::bit_cast<std::uint32_t>(values[i]) == std::bit_cast<std::uint32_t>(from_half(every[i])));
    REQUIRE(again[i] == to_half(values[i]));
  }
  std::vector<float> two(2);
  std::vector<std::uint16_t> three(3);
  CHECK_THROWS_WITH(to_half(two, three), Catch::Contains("room for 3 values; expected 2"));
  CHECK_THROWS_AS(from_half(three, two), ShapeError);
}

TEST_CASE("bfloat16 is the upper half of a float", "[io]") {
  CHECK(from_bfloat16(0x3f80) == 1.0f);
  CHECK(from_bfloat16(0xc040) == -3.0f);
  CHECK(from_bfloat16(0x0001) == 0x1p-133f);
  CHECK(std::isinf(from_bfloat16(0x7f80)));
  CHECK(std::isnan(from_bfloat16(0x7fc0)));
}
