#include "core/learn/gaussian.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/index.h"
#include "core/io/base64.h"

namespace dermdistill {
namespace {

constexpr char kGaussianFormat[] = "dermdistill.early_statistics";
constexpr char kGaussianVersion[] = "1";
constexpr char kExpectedGaussian[] = "statistics written by dermdistill export";
constexpr std::int64_t kMostGaussianChannels = 4096;

[[noreturn]] void refuse_gaussian(std::string_view name, const std::string& problem) {
  throw FormatError(name, "its statistics of early embeddings cannot be used: " + problem, kExpectedGaussian);
}

std::vector<float> read_finite(const TensorFile& file, const char* tensor, std::string_view name) {
  const StoredTensor* found = file.find(tensor);
  if (!found || found->dtype != DType::F32 || found->shape.size() != 1)
    refuse_gaussian(name, std::string("no list of float32 named ") + tensor);
  TensorFile one;
  one.tensors.push_back(*found);
  std::vector<float> values = std::move(to_state(one).front().values);
  for (const float value : values)
    if (!std::isfinite(value)) refuse_gaussian(name, std::string("tensor ") + tensor + " has an unusable number");
  return values;
}

}  // namespace

double mahalanobis_distance(const Gaussian& gaussian, std::span<const float> embedding) {
  const std::size_t channels = at(gaussian.channels);
  if (embedding.size() != channels)
    throw ShapeError("early embedding", std::to_string(embedding.size()) + " values", std::to_string(channels));
  // With S = L L' the squared distance is |z|^2 of the z that solves L z = d.
  std::vector<double> solved(channels);
  double squared = 0;
  const float* row = gaussian.factor.data();
  for (std::size_t i = 0; i < channels; row += i + 1, ++i) {
    double rest = static_cast<double>(embedding[i]) - static_cast<double>(gaussian.mean[i]);
    for (std::size_t j = 0; j < i; ++j) rest -= static_cast<double>(row[j]) * solved[j];
    solved[i] = rest / static_cast<double>(row[i]);
    squared += solved[i] * solved[i];
  }
  return std::sqrt(squared);
}

TensorFile to_tensors(const Gaussian& gaussian) {
  TensorFile file;
  file.metadata = {{"format", kGaussianFormat}, {"version", kGaussianVersion}};
  add_state(file, {{"mean", {static_cast<std::int64_t>(gaussian.mean.size())}, gaussian.mean},
                   {"factor", {static_cast<std::int64_t>(gaussian.factor.size())}, gaussian.factor}});
  return file;
}

Gaussian gaussian_from_tensors(const TensorFile& file, std::string_view name) {
  const auto format = file.metadata.find("format"), version = file.metadata.find("version");
  if (format == file.metadata.end() || format->second != kGaussianFormat || version == file.metadata.end())
    refuse_gaussian(name, "they are something else");
  if (version->second != kGaussianVersion)
    refuse_gaussian(name, "they have version " + version->second + " and were made by a newer program");
  Gaussian result;
  result.mean = read_finite(file, "mean", name);
  result.factor = read_finite(file, "factor", name);
  if (file.tensors.size() != 2) refuse_gaussian(name, "they have an unexpected tensor");
  const std::size_t channels = result.mean.size();
  if (channels < 1 || channels > at(kMostGaussianChannels) || result.factor.size() != channels * (channels + 1) / 2)
    refuse_gaussian(name, "mean and factor do not fit each other");
  result.channels = static_cast<int>(channels);
  for (std::size_t i = 0; i < channels; ++i)
    if (!(result.factor[i * (i + 3) / 2] > 0)) refuse_gaussian(name, "the diagonal of factor is not positive");
  return result;
}

std::string gaussian_to_text(const Gaussian& gaussian) {
  return to_base64(serialise_safetensors(to_tensors(gaussian)));
}

Gaussian gaussian_from_text(std::string_view text, std::string_view name) {
  const std::string thing = "statistics of early embeddings of " + std::string(name);
  return gaussian_from_tensors(parse_safetensors(from_base64(text, thing), thing), name);
}

}  // namespace dermdistill
