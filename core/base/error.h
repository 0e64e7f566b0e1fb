// The exceptions of the whole project. A message names the thing, what was wrong and what was expected.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace dermdistill {

/// Base of every exception thrown on purpose. `what()` reads "THING: PROBLEM; expected EXPECTED".
class Error : public std::runtime_error {
 public:
  Error(std::string_view thing, std::string_view problem, std::string_view expected = {});
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

/// Bytes that are not what they claim to be: a truncated image, a safetensors file with overlapping offsets.
class FormatError : public Error {
  using Error::Error;
};

/// Tensors whose shapes or names do not fit the network or each other.
class ShapeError : public Error {
  using Error::Error;
};

/// What the user asked for cannot be done: an unknown class, an empty folder, a wrong option.
class InputError : public Error {
  using Error::Error;
};

/// A number that is not finite where it must be; the message names the tensor.
class NumericError : public Error {
  using Error::Error;
};

/// The operating system refused: a full disk, a missing file, no permission.
class FileError : public Error {
  using Error::Error;
};

}  // namespace dermdistill
