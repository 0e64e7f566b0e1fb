// Random numbers whose sequence is the same on every platform and whose state can be stored.
// (The standard library's distributions differ between implementations, so a seed would not reproduce a run.)
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace dermdistill {

/// xoshiro256++ (Blackman and Vigna 2019), seeded through splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  /// A generator for one purpose: different `stream` values give unrelated sequences for the same seed.
  Random(std::uint64_t seed, std::uint64_t stream);

  std::uint64_t bits();
  double uniform();                          // [0, 1)
  double uniform(double low, double high);   // [low, high)
  std::uint64_t below(std::uint64_t bound);  // [0, bound), unbiased; bound > 0
  double normal();                           // mean 0, variance 1
  bool chance(double probability) { return uniform() < probability; }

  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  using State = std::array<std::uint64_t, 4>;
  State state() const { return state_; }
  void set_state(const State& state) { state_ = state; }

 private:
  State state_;
};

/// Mixes several numbers into one seed, so that (run seed, epoch, index) names a generator.
std::uint64_t mix_seed(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0);

/// Beta(a, b) for positive a and b, in [0, 1].
double beta(Random& random, double a, double b);

/// [low, high), rounded to float.
inline float uniform(Random& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

}  // namespace dermdistill
