#include "core/io/half.h"

#include <cstddef>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

void check_lengths(std::size_t in, std::size_t out, const char* thing) {
  if (in != out)
    throw ShapeError(thing, "the output has room for " + std::to_string(out) + " values", std::to_string(in));
}

}  // namespace

void to_half(std::span<const float> values, std::span<std::uint16_t> out) {
  check_lengths(values.size(), out.size(), "conversion to half precision");
  const float* source = values.data();
  std::uint16_t* target = out.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) target[i] = to_half(source[i]);
}

void from_half(std::span<const std::uint16_t> halves, std::span<float> out) {
  check_lengths(halves.size(), out.size(), "conversion from half precision");
  const std::uint16_t* source = halves.data();
  float* target = out.data();
  const std::size_t count = halves.size();
  for (std::size_t i = 0; i < count; ++i) target[i] = from_half(source[i]);
}

}  // namespace dermdistill
