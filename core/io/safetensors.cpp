#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_set>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/half.h"
#include "core/io/safetensors_header.h"

namespace dermdistill {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000, kLengthBytes = 8;

struct DTypeInfo {
  std::string_view name;
  std::size_t size;
};

// In the order of DType, which is the order by which the reference implementation lays out tensors.
constexpr std::array<DTypeInfo, 13> kDTypes{{{"BOOL", 1},
                                             {"U8", 1},
                                             {"I8", 1},
                                             {"I16", 2},
                                             {"U16", 2},
                                             {"F16", 2},
                                             {"BF16", 2},
                                             {"I32", 4},
                                             {"U32", 4},
                                             {"F32", 4},
                                             {"F64", 8},
                                             {"I64", 8},
                                             {"U64", 8}}};

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// Bytes that a tensor of this shape has; false when the number does not fit.
bool byte_count(const std::vector<std::int64_t>& shape, DType dtype, std::uint64_t& bytes) {
  bytes = size_of(dtype);
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) return false;
    const auto factor = static_cast<std::uint64_t>(dimension);
    if (factor != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / factor) return false;
    bytes *= factor;
  }
  return true;
}

std::uint64_t read_length(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | std::to_integer<std::uint64_t>(file[i]);
  return length;
}

// Each range on its own: within the data, and as long as the shape says.
void check_range(const TensorEntry& entry, std::uint64_t available, std::string_view name) {
  const std::string range = "bytes " + std::to_string(entry.begin) + " to " + std::to_string(entry.end) +
                            " of tensor " + in_quotes(entry.name);
  if (entry.begin > entry.end) throw FormatError(name, range + " run backwards", "begin <= end");
  if (entry.end > available)
    throw FormatError(name, range + " lie out of range: the file is truncated or damaged",
                      "at most " + std::to_string(available) + ", the bytes behind the header");
  std::uint64_t expected = 0;
  if (!byte_count(entry.shape, entry.dtype, expected))
    throw FormatError(name,
                      "tensor " + in_quotes(entry.name) + " of shape " + shape_text(entry.shape) +
                          " has more bytes than can be counted",
                      "a size below 2^64");
  if (entry.end - entry.begin != expected)
    throw FormatError(name,
                      range + " do not fit its shape " + shape_text(entry.shape) + " of " + to_string(entry.dtype),
                      std::to_string(expected) + " bytes");
}

// All ranges together: one behind the other, from the first byte to the last.
void check_coverage(const std::vector<TensorEntry>& sorted, std::uint64_t available, std::string_view name) {
  std::uint64_t reached = 0;
  for (const TensorEntry& entry : sorted) {
    if (entry.begin != reached)
      throw FormatError(name,
                        "tensor " + in_quotes(entry.name) + " begins at byte " + std::to_string(entry.begin) +
                            (entry.begin < reached ? " and overlaps the one before it" : " and leaves a gap before it"),
                        "byte " + std::to_string(reached));
    reached = entry.end;
  }
  if (reached != available)
    throw FormatError(name, std::to_string(available - reached) + " bytes follow the last tensor", "none");
}

void check_writable(const StoredTensor& tensor) {
  std::uint64_t expected = 0;
  if (tensor.name == "__metadata__") throw InputError("tensor \"__metadata__\"", "has a reserved name", "another name");
  if (!byte_count(tensor.shape, tensor.dtype, expected) || tensor.bytes.size() != expected)
    throw InputError("tensor " + in_quotes(tensor.name),
                     "has " + std::to_string(tensor.bytes.size()) + " bytes, which do not fit its shape " +
                         shape_text(tensor.shape) + " of " + to_string(tensor.dtype));
}

std::string json_string(std::string_view text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw InputError(in_quotes(text), "is not valid UTF-8 and cannot be a name or metadata in safetensors", "UTF-8");
  }
}

std::string header_text(const TensorFile& file, const std::vector<const StoredTensor*>& tensors) {
  std::string text = "{";
  const auto separate = [&text] {
    if (text.back() != '{') text += ',';
  };
  if (!file.metadata.empty()) {
    text += "\"__metadata__\":{";
    for (const auto& [key, value] : file.metadata) {
      separate();
      text += json_string(key) + ':' + json_string(value);
    }
    text += '}';
  }
  std::uint64_t offset = 0;
  for (const StoredTensor* tensor : tensors) {
    separate();
    text += json_string(tensor->name) + ":{\"dtype\":\"" + to_string(tensor->dtype) + "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor->shape.size(); ++i) text += (i ? "," : "") + std::to_string(tensor->shape[i]);
    text +=
        "],\"data_offsets\":[" + std::to_string(offset) + ',' + std::to_string(offset + tensor->bytes.size()) + "]}";
    offset += tensor->bytes.size();
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');  // the data begins at a multiple of 8
  return text;
}

template <typename Stored, typename Convert>
std::vector<float> convert_values(const StoredTensor& tensor, Convert convert) {
  std::vector<float> values(tensor.bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, tensor.bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
  return values;
}

bool is_floating_point(DType dtype) {
  return dtype == DType::F16 || dtype == DType::BF16 || dtype == DType::F32 || dtype == DType::F64;
}

std::vector<float> float_values(const StoredTensor& tensor) {
  switch (tensor.dtype) {
    case DType::F16:
      return convert_values<std::uint16_t>(tensor, [](std::uint16_t value) { return from_half(value); });
    case DType::BF16:
      return convert_values<std::uint16_t>(tensor, from_bfloat16);
    case DType::F64:
      return convert_values<double>(tensor, [](double value) { return static_cast<float>(value); });
    default:
      return convert_values<float>(tensor, [](float value) { return value; });
  }
}

bool is_batch_counter(std::string_view name) {
  constexpr std::string_view kCounter = "num_batches_tracked";
  return name.size() >= kCounter.size() && name.substr(name.size() - kCounter.size()) == kCounter;
}

}  // namespace

std::size_t size_of(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].size; }
std::string to_string(DType dtype) { return std::string(kDTypes[static_cast<std::size_t>(dtype)].name); }

bool parse_dtype(std::string_view text, DType& dtype) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i)
    if (kDTypes[i].name == text) {
      dtype = static_cast<DType>(i);
      return true;
    }
  return false;
}

const StoredTensor* TensorFile::find(std::string_view name) const {
  for (const StoredTensor& tensor : tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

TensorFile parse_safetensors(std::span<const std::byte> file, std::string_view name) {
  if (file.size() < kLengthBytes)
    throw FormatError(name, "has only " + std::to_string(file.size()) + " bytes", "a safetensors file");
  const std::uint64_t header_length = read_length(file);
  if (header_length > kMaxHeader)
    throw FormatError(name,
                      "claims a header of " + std::to_string(header_length) + " bytes: it is not a safetensors file",
                      "at most 100 MB");
  if (header_length > file.size() - kLengthBytes)
    throw FormatError(name, "ends within its header of " + std::to_string(header_length) + " bytes: it is truncated",
                      "the whole file");
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes,
                              static_cast<std::size_t>(header_length));
  SafetensorsHeader header = parse_safetensors_header(text, name);
  const auto data = file.subspan(kLengthBytes + static_cast<std::size_t>(header_length));

  for (const TensorEntry& entry : header.entries) check_range(entry, data.size(), name);
  std::sort(header.entries.begin(), header.entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_coverage(header.entries, data.size(), name);

  TensorFile result;
  result.metadata = std::move(header.metadata);
  result.tensors.reserve(header.entries.size());
  for (TensorEntry& entry : header.entries) {
    const auto bytes =
        data.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
    result.tensors.push_back(
        {std::move(entry.name), entry.dtype, std::move(entry.shape), {bytes.begin(), bytes.end()}});
  }
  return result;
}

std::vector<std::byte> serialise_safetensors(const TensorFile& file) {
  std::vector<const StoredTensor*> tensors;
  std::unordered_set<std::string_view> names;
  std::size_t data_bytes = 0;
  for (const StoredTensor& tensor : file.tensors) {
    check_writable(tensor);
    if (!names.insert(tensor.name).second)
      throw InputError("tensor " + in_quotes(tensor.name), "occurs twice", "each name once");
    tensors.push_back(&tensor);
    data_bytes += tensor.bytes.size();
  }
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return a->dtype != b->dtype ? a->dtype > b->dtype : a->name < b->name;
  });

  const std::string header = header_text(file, tensors);
  if (header.size() > kMaxHeader)
    throw InputError("safetensors header", "has " + std::to_string(header.size()) + " bytes", "at most 100 MB");
  std::vector<std::byte> bytes(kLengthBytes);
  bytes.reserve(kLengthBytes + header.size() + data_bytes);
  for (std::size_t i = 0; i < kLengthBytes; ++i) bytes[i] = static_cast<std::byte>(header.size() >> (8 * i) & 0xff);
  const auto header_bytes = std::as_bytes(std::span(header));
  bytes.insert(bytes.end(), header_bytes.begin(), header_bytes.end());
  for (const StoredTensor* tensor : tensors) bytes.insert(bytes.end(), tensor->bytes.begin(), tensor->bytes.end());
  return bytes;
}

StateDict to_state(const TensorFile& file, std::string_view prefix) {
  StateDict state;
  for (const StoredTensor& tensor : file.tensors) {
    const std::string_view name = tensor.name;
    if (name.substr(0, prefix.size()) != prefix || !is_floating_point(tensor.dtype) || is_batch_counter(name)) continue;
    state.push_back({std::string(name.substr(prefix.size())), tensor.shape, float_values(tensor)});
  }
  return state;
}

void add_state(TensorFile& file, const StateDict& state, std::string_view prefix) {
  std::unordered_set<std::string> names;
  for (const StoredTensor& tensor : file.tensors) names.insert(tensor.name);
  for (const NamedTensor& tensor : state) {
    const std::string name = std::string(prefix) + tensor.name;
    if (!names.insert(name).second) throw InputError("tensor " + in_quotes(name), "occurs twice", "each name once");
    const auto bytes = std::as_bytes(std::span(tensor.values));
    file.tensors.push_back({name, DType::F32, tensor.shape, {bytes.begin(), bytes.end()}});
  }
}

}  // namespace dermdistill
