#include "core/base/random.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace dermdistill {
namespace {

std::uint64_t splitmix(std::uint64_t& x) {
  x += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// The logarithm of a Gamma(shape, 1) number, Marsaglia and Tsang 2000: of small shapes the number itself is often 0.
double log_gamma_number(Random& random, double shape) {
  if (shape < 1) return log_gamma_number(random, shape + 1) + std::log(1.0 - random.uniform()) / shape;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = random.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double log_v = 3 * std::log(root), v = root * root * root;
    if (std::log(1.0 - random.uniform()) < x * x / 2 + d * (1 - v + log_v)) return std::log(d) + log_v;
  }
}

}  // namespace

std::uint64_t mix_seed(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t x = a;
  x = splitmix(x) ^ b;
  x = splitmix(x) ^ c;
  return splitmix(x);
}

Random::Random(std::uint64_t seed) : state_{} {
  for (auto& word : state_) word = splitmix(seed);
}

Random::Random(std::uint64_t seed, std::uint64_t stream) : Random(mix_seed(seed, stream)) {}

std::uint64_t Random::bits() {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Random::below(std::uint64_t bound) {
  const std::uint64_t limit = ~std::uint64_t{0} - (~std::uint64_t{0} % bound + 1) % bound;
  std::uint64_t value = bits();
  while (value > limit) value = bits();
  return value % bound;
}

double Random::normal() {
  const double u = 1.0 - uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
}

double beta(Random& random, double a, double b) {
  const double log_x = log_gamma_number(random, a), log_y = log_gamma_number(random, b);
  return 1 / (1 + std::exp(log_y - log_x));
}

}  // namespace dermdistill
