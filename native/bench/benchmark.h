// Timed pieces of training, on random weights and images, as the comparison with other frameworks wants them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dermdistill {

struct BenchmarkConfig {
  std::string work;  // one of benchmark_names()
  int threads = 2, batch = 32, size = 224, iterations = 7;
  std::string backend = "auto";
  std::uint64_t seed = 0;  // of the weights, images and labels
};

struct BenchmarkResult {
  BenchmarkConfig config;
  std::string backend;           // the one that ran
  std::vector<double> seconds;   // one an iteration, after two that are not counted
  std::size_t arena_bytes = 0;   // activations and gradients of the step
  std::int64_t peak_memory = 0;  // of the whole process, bytes
};

/// "student-step", "teacher-forward", "teacher-step", "ssdkd-step".
const std::vector<std::string>& benchmark_names();

/// @throws InputError for an unknown work.
BenchmarkResult run_benchmark(const BenchmarkConfig& config);

/// {work, torch (null), engine, threads, batch, size, seed, median_s, min_s, max_s, images_per_s, arena_mb,
/// peak_memory_mb}.
nlohmann::json to_json(const BenchmarkResult& result);

}  // namespace dermdistill
