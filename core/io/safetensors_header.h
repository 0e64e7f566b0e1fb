// The JSON header of a safetensors file, read event by event: no document is built, so a hostile header costs no
// memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/safetensors.h"

namespace dermdistill {

/// What the header says of one tensor; `begin` and `end` count bytes behind the header.
struct TensorEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<TensorEntry> entries;  // in the order of the text
};

/// @throws FormatError naming `name`, the tensor and the field for whatever is not as the format wants it. Byte ranges
/// are read, not judged.
SafetensorsHeader parse_safetensors_header(std::string_view json, std::string_view name);

/// The type of that name, or false.
bool parse_dtype(std::string_view text, DType& dtype);

}  // namespace dermdistill
