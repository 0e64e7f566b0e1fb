#include "core/io/weights_digest.h"

#include "core/base/error.h"

namespace dermdistill {

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void append_digest_input(std::string_view name, std::span<const std::int64_t> shape, std::span<const float> values,
                         std::vector<std::byte>& bytes) {
  const std::string described = shape_text(shape);
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::uint64_t>(size);
  if (count != values.size())
    throw ShapeError("tensor " + std::string(name), std::to_string(values.size()) + " values",
                     "the shape " + described);
  const auto append = [&bytes](std::span<const std::byte> part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  append(std::as_bytes(std::span(name.data(), name.size())));
  append(std::as_bytes(std::span(described)));
  append(std::as_bytes(values));
}

}  // namespace dermdistill
