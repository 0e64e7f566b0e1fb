#include "native/bench/machine.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <unistd.h>
#include <vector>

#include "core/base/parallel.h"

namespace dermdistill {
namespace {

constexpr std::int64_t kArray = std::int64_t{1} << 25;  // floats, 134 MB
constexpr std::int64_t kMatrix = 2048;

/// The least time of `repeats` runs, after one that is not counted.
template <typename Body>
double best_seconds(int repeats, Body&& body) {
  body();
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    const auto began = std::chrono::steady_clock::now();
    body();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    best = i == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

void triad_slice(float* __restrict a, const float* __restrict b, const float* __restrict c, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) a[i] = b[i] + 3.0F * c[i];
}

void copy_slice(float* __restrict a, const float* __restrict b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) a[i] = b[i];
}

}  // namespace

MachineLimits measure_machine(const Backend& backend, int repeats) {
  MachineLimits limits;
  {
    std::vector<float> a(kArray), b(kArray, 1.0F), c(kArray, 2.0F);
    const auto in_slices = [&](auto&& body) {
      parallel_parts([&](int part, int parts) {
        const auto [first, last] = slice_of(kArray, part, parts);
        body(first, last - first);
      });
    };
    const double copy = best_seconds(repeats, [&] {
      in_slices([&](std::int64_t first, std::int64_t count) { copy_slice(&a[0] + first, &b[0] + first, count); });
    });
    const double triad = best_seconds(repeats, [&] {
      in_slices([&](std::int64_t first, std::int64_t count) {
        triad_slice(&a[0] + first, &b[0] + first, &c[0] + first, count);
      });
    });
    const double bytes = static_cast<double>(kArray) * sizeof(float);
    limits.copy_gb_per_s = 2 * bytes / copy / 1e9;
    limits.triad_gb_per_s = 3 * bytes / triad / 1e9;
  }
  const std::vector<float> a(kMatrix * kMatrix, 0.5F), b(kMatrix * kMatrix, 0.25F);
  std::vector<float> c(kMatrix * kMatrix);
  const double seconds =
      best_seconds(repeats, [&] { backend.gemm(false, false, kMatrix, kMatrix, kMatrix, a, b, 0.0F, c); });
  limits.gemm_gflop_per_s = 2.0 * kMatrix * kMatrix * kMatrix / seconds / 1e9;
  return limits;
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

double memory_bytes() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace dermdistill
