#include "core/learn/embedding_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/index.h"

namespace dermdistill {
namespace {

constexpr std::size_t kWordBits = 32;

/// One bit each, in a table, so that the choice of a sign vectorises.
constexpr std::array<std::uint32_t, kWordBits> kBits = [] {
  std::array<std::uint32_t, kWordBits> bits{};
  for (std::size_t i = 0; i < kWordBits; ++i) bits[i] = std::uint32_t{1} << i;
  return bits;
}();

}  // namespace

void add_class(EmbeddingStatistics& statistics, const std::string& name, std::span<const float> embeddings) {
  const auto channels = at(statistics.channels), rank = at(statistics.rank);
  if (embeddings.empty() || embeddings.size() % channels != 0)
    throw ShapeError("embeddings of class " + name, std::to_string(embeddings.size()) + " values",
                     "rows of " + std::to_string(channels));
  if (std::find(statistics.classes.begin(), statistics.classes.end(), name) != statistics.classes.end())
    throw InputError("class " + name, "has statistics already", "a new class");
  const std::size_t rows = embeddings.size() / channels;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += static_cast<double>(embeddings[row * channels + channel]);
    if (!std::isfinite(sum))
      throw NumericError("embeddings of class " + name, "a value is not finite", "finite numbers");
    statistics.means.push_back(static_cast<float>(sum / static_cast<double>(rows)));
  }
  statistics.classes.push_back(name);
  statistics.counts.push_back(static_cast<std::int64_t>(rows));
  statistics.variances.insert(statistics.variances.end(), statistics.pooled_variances.begin(),
                              statistics.pooled_variances.begin() + static_cast<std::ptrdiff_t>(rank));
  statistics.spread.push_back(1.0F);
}

void sample_embedding(const EmbeddingStatistics& statistics, int label, Random& random, std::span<float> out) {
  const auto channels = at(statistics.channels), rank = at(statistics.rank);
  if (label < 0 || at(label) >= statistics.classes.size() || statistics.counts[at(label)] == 0)
    throw InputError("class " + std::to_string(label), "has no embedding statistics", "a class with images");
  if (out.size() != channels)
    throw ShapeError("embedding", std::to_string(out.size()) + " values", std::to_string(channels));
  // Noise of two values: a bit a channel, several times cheaper than a normal number, and with the same variance.
  const float spread = statistics.spread[at(label)];
  std::uint64_t bits = 0;
  for (std::size_t first = 0; first < channels; first += kWordBits) {
    bits = first % (2 * kWordBits) == 0 ? random.bits() : bits >> kWordBits;
    const auto word = static_cast<std::uint32_t>(bits);
    const std::size_t count = std::min(kWordBits, channels - first);
    for (std::size_t i = 0; i < count; ++i) {
      const float deviation = std::sqrt(spread * statistics.residual[first + i]);
      out[first + i] = (word & kBits[i]) != 0 ? deviation : -deviation;
    }
  }
  const auto draw = [&](std::size_t r) {
    return static_cast<float>(random.normal() *
                              std::sqrt(static_cast<double>(statistics.variances[at(label) * rank + r])));
  };
  std::size_t r = 0;
  for (; r + 4 <= rank; r += 4) {  // four at a time: the embedding is read and written a quarter as often
    const float along[4] = {draw(r), draw(r + 1), draw(r + 2), draw(r + 3)};
    const float* direction = &statistics.basis[r * channels];
    for (std::size_t channel = 0; channel < channels; ++channel)
      out[channel] += along[0] * direction[channel] + along[1] * direction[channels + channel] +
                      along[2] * direction[2 * channels + channel] + along[3] * direction[3 * channels + channel];
  }
  for (; r < rank; ++r) {
    const float along = draw(r);
    const float* direction = &statistics.basis[r * channels];
    for (std::size_t channel = 0; channel < channels; ++channel) out[channel] += along * direction[channel];
  }
  const float* mean = &statistics.means[at(label) * channels];
  for (std::size_t channel = 0; channel < channels; ++channel)
    out[channel] = mean[channel] + statistics.scale[channel] * out[channel];
}

}  // namespace dermdistill
