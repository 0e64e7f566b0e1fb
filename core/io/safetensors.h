// Reading and writing safetensors, the format of weights and checkpoints (github.com/huggingface/safetensors):
// an 8-byte little-endian header length, a JSON header that names each tensor's type, shape and byte range, the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/named_tensor.h"

namespace dermdistill {

enum class DType { Bool, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64 };

/// Bytes of one value.
std::size_t size_of(DType dtype);
/// As the format writes it: "F32", "BF16", "BOOL".
std::string to_string(DType dtype);

struct StoredTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;  // empty for a scalar
  std::vector<std::byte> bytes;     // little-endian, row-major
};

struct TensorFile {
  std::map<std::string, std::string> metadata;
  std::vector<StoredTensor> tensors;

  /// The tensor of that name, or null.
  const StoredTensor* find(std::string_view name) const;
};

/// Tensors come in the order of their bytes. `name` is only used in messages.
/// @throws FormatError for every violation of the format: truncated, a header over 100 MB or not a JSON object, a name
/// twice, an unknown type, metadata that is not text, byte ranges that overlap, leave a gap, leave the file or do not
/// fit the shape, bytes behind the last tensor.
TensorFile parse_safetensors(std::span<const std::byte> file, std::string_view name);

/// The same bytes for the same content: tensors ordered by alignment and then name, metadata by key.
/// @throws InputError for a name twice or reserved, a negative dimension, or bytes that do not fit the shape.
std::vector<std::byte> serialise_safetensors(const TensorFile& file);

/// The floating-point tensors (F16, BF16, F32, F64) whose name begins with `prefix`, as float and without the prefix.
/// Tensors called num_batches_tracked and those of other types are left out.
StateDict to_state(const TensorFile& file, std::string_view prefix = "");

/// Appends each tensor as F32 under prefix + name.
/// @throws InputError for a name that is already there.
void add_state(TensorFile& file, const StateDict& state, std::string_view prefix = "");

}  // namespace dermdistill
