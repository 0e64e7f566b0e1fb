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

/// The lower Cholesky factor of a symmetric positive definite matrix [n, n], in place. False when it is not.
bool factorise(std::vector<double>& matrix, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i * n + k] * matrix[j * n + k];
      if (i == j) {
        if (!(sum > 0)) return false;
        matrix[i * n + i] = std::sqrt(sum);
      } else {
        matrix[i * n + j] = sum / matrix[j * n + j];
      }
    }
  }
  return true;
}

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

// With scaled differences d, covariance S = B' V B + R (R diagonal): d' S^-1 d = d' R^-1 d - u' M^-1 u with
// u = B R^-1 d and M = V^-1 + B R^-1 B' (the matrix inversion lemma).
struct MahalanobisDistance::State {
  struct Class {
    std::vector<float> mean;     // [channels], divided by scale
    double inverse_spread;       // R is this much smaller or larger for the class
    std::vector<double> factor;  // [rank, rank], lower Cholesky factor of M
  };
  std::size_t channels = 0, rank = 0;
  std::vector<Class> classes;           // those with statistics
  std::vector<float> inverse_scale;     // [channels]
  std::vector<float> inverse_residual;  // [channels]
  std::vector<float> projection;        // [rank, channels], B R^-1
};

MahalanobisDistance::MahalanobisDistance(const EmbeddingStatistics& statistics, Scatter scatter)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.channels = at(statistics.channels);
  state.rank = at(statistics.rank);
  const std::size_t channels = state.channels, rank = state.rank;
  for (const float scale : statistics.scale) state.inverse_scale.push_back(1.0F / scale);
  for (const float residual : statistics.residual) state.inverse_residual.push_back(1.0F / residual);
  state.projection = statistics.basis;
  for (std::size_t i = 0; i < state.projection.size(); ++i) state.projection[i] *= state.inverse_residual[i % channels];
  std::vector<double> products(rank * rank);  // B R^-1 B'
  for (std::size_t i = 0; i < rank; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t channel = 0; channel < channels; ++channel)
        products[i * rank + j] += static_cast<double>(state.projection[i * channels + channel]) *
                                  static_cast<double>(statistics.basis[j * channels + channel]);
    }
  }
  for (std::size_t c = 0; c < statistics.classes.size(); ++c) {
    if (statistics.counts[c] == 0) continue;
    State::Class known{{}, 1, products};
    if (scatter == Scatter::Own) known.inverse_spread = 1.0 / static_cast<double>(statistics.spread[c]);
    for (std::size_t channel = 0; channel < channels; ++channel)
      known.mean.push_back(statistics.means[c * channels + channel] * state.inverse_scale[channel]);
    for (double& product : known.factor) product *= known.inverse_spread;
    for (std::size_t r = 0; r < rank; ++r) {
      const float variance =
          scatter == Scatter::Own ? statistics.variances[c * rank + r] : statistics.pooled_variances[r];
      known.factor[r * rank + r] += 1.0 / static_cast<double>(variance);
    }
    if (!factorise(known.factor, rank))
      throw NumericError("embedding statistics", "their covariance has no inverse", "positive variances");
    state.classes.push_back(std::move(known));
  }
}

MahalanobisDistance::~MahalanobisDistance() = default;
MahalanobisDistance::MahalanobisDistance(MahalanobisDistance&&) noexcept = default;
MahalanobisDistance& MahalanobisDistance::operator=(MahalanobisDistance&&) noexcept = default;

double MahalanobisDistance::operator()(std::span<const float> embedding) const {
  const State& state = *state_;
  if (embedding.size() != state.channels)
    throw ShapeError("embedding", std::to_string(embedding.size()) + " values", std::to_string(state.channels));
  std::vector<float> difference(state.channels);
  std::vector<double> solved(state.rank);
  double nearest = std::numeric_limits<double>::infinity();
  for (const State::Class& known : state.classes) {
    double distance = 0;
    for (std::size_t i = 0; i < state.channels; ++i) {
      difference[i] = embedding[i] * state.inverse_scale[i] - known.mean[i];
      distance += static_cast<double>(difference[i] * difference[i] * state.inverse_residual[i]);
    }
    distance *= known.inverse_spread;
    for (std::size_t r = 0; r < state.rank; ++r) {
      double sum = 0;
      for (std::size_t i = 0; i < state.channels; ++i)
        sum += static_cast<double>(state.projection[r * state.channels + i] * difference[i]);
      sum *= known.inverse_spread;
      for (std::size_t k = 0; k < r; ++k) sum -= known.factor[r * state.rank + k] * solved[k];
      solved[r] = sum / known.factor[r * state.rank + r];
      distance -= solved[r] * solved[r];
    }
    nearest = std::min(nearest, std::max(distance, 0.0));
  }
  return nearest;
}

}  // namespace dermdistill
