// Sparse halves are halves: the same values come back, whatever the zeros, and short data are refused.
#include "native/train/sparse_halves.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "core/io/half.h"

using namespace dermdistill;

TEST_CASE("Sparse halves give back every value, rounded to half precision") {
  Random random(5);
  std::vector<float> scratch;
  for (const std::size_t count : {0, 1, 15, 63, 64, 65, 128, 1000, 4097}) {
    for (const double zeros : {0.0, 0.3, 0.8, 1.0}) {
      INFO(count << " values, " << zeros << " of them zero");
      std::vector<float> values(count);
      for (float& value : values) value = random.chance(zeros) ? 0.0F : static_cast<float>(10 * random.normal());
      std::vector<std::byte> bytes(8);  // something before it stays
      append_sparse_halves(values, bytes);
      const auto packed = std::span<const std::byte>(bytes).subspan(8);
      const auto present = static_cast<std::size_t>(
          std::count_if(values.begin(), values.end(), [](float v) { return from_half(to_half(v)) != 0; }));
      CHECK(packed.size() == (count + 63) / 64 * 8 + 2 * present);

      std::vector<float> back(count, -1.0F);
      REQUIRE(read_sparse_halves(packed, back, scratch));
      bool same = true;
      for (std::size_t i = 0; i < count; ++i) same = same && back[i] == from_half(to_half(values[i]));
      CHECK(same);
      if (!packed.empty()) CHECK_FALSE(read_sparse_halves(packed.first(packed.size() - 1), back, scratch));
    }
  }
}

TEST_CASE("Bits behind the last value are damage") {
  std::vector<std::byte> bytes;
  append_sparse_halves(std::vector<float>(10, 1.0F), bytes);
  bytes[1] |= std::byte{0x80};  // value 15 of 10
  bytes.resize(bytes.size() + 2);
  std::vector<float> back(10), scratch;
  CHECK_FALSE(read_sparse_halves(bytes, back, scratch));
}
