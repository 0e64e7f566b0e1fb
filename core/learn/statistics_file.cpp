// Embedding statistics as half-precision safetensors and as the text that a model's file holds.
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/base64.h"
#include "core/io/half.h"
#include "core/learn/embedding_statistics.h"

namespace dermdistill {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "dermdistill.embedding_statistics";
constexpr char kVersion[] = "1";
constexpr std::int64_t kMostChannels = 1 << 16, kMostClasses = 10'000;

enum class Sign { Any, NotNegative, Positive };

struct Field {
  const char* name;
  std::vector<float> EmbeddingStatistics::*values;
  bool by_class, by_rank, by_channel;
  Sign sign;
};

constexpr Field kFields[] = {
    {"means", &EmbeddingStatistics::means, true, false, true, Sign::Any},
    {"scale", &EmbeddingStatistics::scale, false, false, true, Sign::Positive},
    {"basis", &EmbeddingStatistics::basis, false, true, true, Sign::Any},
    {"variances", &EmbeddingStatistics::variances, true, true, false, Sign::NotNegative},
    {"pooled_variances", &EmbeddingStatistics::pooled_variances, false, true, false, Sign::Positive},
    {"residual", &EmbeddingStatistics::residual, false, false, true, Sign::Positive},
    {"spread", &EmbeddingStatistics::spread, true, false, false, Sign::Positive},
};

std::vector<std::int64_t> shape_of(const Field& field, const EmbeddingStatistics& statistics) {
  std::vector<std::int64_t> shape;
  if (field.by_class) shape.push_back(static_cast<std::int64_t>(statistics.classes.size()));
  if (field.by_rank) shape.push_back(statistics.rank);
  if (field.by_channel) shape.push_back(statistics.channels);
  return shape;
}

[[noreturn]] void refuse(std::string_view name, const std::string& problem, std::string_view expected) {
  throw FormatError(name, "its embedding statistics cannot be used: " + problem, expected);
}

json metadata_json(const TensorFile& file, const char* key, std::string_view name) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) refuse(name, std::string("no ") + key, "statistics written by dermdistill export");
  json value = json::parse(found->second, nullptr, false);
  if (!value.is_array() || value.empty() || value.size() > static_cast<std::size_t>(kMostClasses))
    refuse(name, std::string(key) + " do not fit", "a list with one entry a class");
  return value;
}

std::vector<float> read_field(const TensorFile& file, const Field& field, const EmbeddingStatistics& statistics,
                              std::string_view name) {
  const StoredTensor* tensor = file.find(field.name);
  if (!tensor) refuse(name, std::string("no tensor ") + field.name, "statistics written by dermdistill export");
  if (tensor->dtype != DType::F16 || tensor->shape != shape_of(field, statistics))
    refuse(name, std::string("tensor ") + field.name + " has another type or shape", "F16 of the model's shape");
  std::vector<float> values;
  values.reserve(tensor->bytes.size() / 2);
  for (std::size_t i = 0; i < tensor->bytes.size(); i += 2) {
    const unsigned bits = std::to_integer<unsigned>(tensor->bytes[i]) | std::to_integer<unsigned>(tensor->bytes[i + 1])
                                                                            << 8;
    const float value = from_half(static_cast<std::uint16_t>(bits));
    const bool fits = std::isfinite(value) &&
                      (field.sign == Sign::Any || value > 0 || (field.sign == Sign::NotNegative && value == 0));
    if (!fits)
      refuse(name, std::string("tensor ") + field.name + " has an unusable number", "finite ones of the right sign");
    values.push_back(value);
  }
  return values;
}

/// To half precision; a positive number too small for it becomes the least that is not zero.
std::uint16_t stored(float value, Sign sign) {
  const std::uint16_t half = to_half(value);
  return half == 0 && sign == Sign::Positive ? 1 : half;
}

}  // namespace

TensorFile to_tensors(const EmbeddingStatistics& statistics) {
  TensorFile file;
  file.metadata = {{"format", kFormat},
                   {"version", kVersion},
                   {"classes", json(statistics.classes).dump()},
                   {"counts", json(statistics.counts).dump()}};
  for (const Field& field : kFields) {
    StoredTensor tensor{field.name, DType::F16, shape_of(field, statistics), {}};
    for (const float value : statistics.*field.values) {
      const std::uint16_t half = stored(value, field.sign);
      tensor.bytes.push_back(static_cast<std::byte>(half & 0xffu));
      tensor.bytes.push_back(static_cast<std::byte>(half >> 8));
    }
    file.tensors.push_back(std::move(tensor));
  }
  return file;
}

EmbeddingStatistics statistics_from_tensors(const TensorFile& file, std::string_view name) {
  const auto format = file.metadata.find("format"), version = file.metadata.find("version");
  if (format == file.metadata.end() || format->second != kFormat || version == file.metadata.end())
    refuse(name, "they are something else", "statistics written by dermdistill export");
  if (version->second != kVersion)
    refuse(name, "they have version " + version->second + " and were made by a newer program", "version 1");
  EmbeddingStatistics result;
  for (const json& item : metadata_json(file, "classes", name)) {
    if (!item.is_string()) refuse(name, "classes do not fit", "names");
    result.classes.push_back(item.get<std::string>());
  }
  for (const json& item : metadata_json(file, "counts", name)) {
    if (!item.is_number_unsigned()) refuse(name, "counts do not fit", "whole numbers");
    result.counts.push_back(item.get<std::int64_t>());
  }
  if (result.counts.size() != result.classes.size()) refuse(name, "counts do not fit", "one a class");
  const StoredTensor* basis = file.find("basis");
  if (!basis || basis->shape.size() != 2 || basis->shape[1] < 1 || basis->shape[1] > kMostChannels ||
      basis->shape[0] < 1 || basis->shape[0] > basis->shape[1])
    refuse(name, "tensor basis is absent or has another shape", "[rank, channels]");
  result.rank = static_cast<int>(basis->shape[0]);
  result.channels = static_cast<int>(basis->shape[1]);
  for (const Field& field : kFields) result.*field.values = read_field(file, field, result, name);
  if (file.tensors.size() != std::size(kFields)) refuse(name, "they have an unexpected tensor", "the known ones");
  return result;
}

std::string statistics_to_text(const EmbeddingStatistics& statistics) {
  return to_base64(serialise_safetensors(to_tensors(statistics)));
}

EmbeddingStatistics statistics_from_text(std::string_view text, std::string_view name) {
  const std::string thing = "embedding statistics of " + std::string(name);
  return statistics_from_tensors(parse_safetensors(from_base64(text, thing), thing), name);
}

}  // namespace dermdistill
