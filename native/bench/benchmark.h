// Timed pieces of training, on random weights and images, as the comparison with other frameworks wants them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dermdistill {

struct BenchmarkConfig {
  std::string work;  // one of benchmark_names()
  int threads = 2, batch = 32, size = 224, iterations = 7;
  std::string backend = "auto";
  std::uint64_t seed = 0;           // of the weights, images and labels
  bool cached = false;              // ssdkd-step: the teacher's answers from a knowledge cache
  std::filesystem::path data;       // loader: a data set's folder; empty: synthetic pictures
  std::string of = "student-step";  // profile: the work to look into
};

/// "student-step", "teacher-forward", "teacher-step", "ssdkd-step", "loader", "profile", "memory".
const std::vector<std::string>& benchmark_names();
/// Those of them that a profile can look into.
const std::vector<std::string>& profile_names();

/// Runs it and returns what was measured: {work, torch (null), engine, threads, batch, size, seed, median_s, min_s,
/// max_s, images_per_s, arena_mb, peak_memory_mb}, for networks floor_gflop and floor_gb (what a step cannot do
/// without), and what the work adds.
/// - ssdkd-step: cached, and from a cache cache_kb_per_image (one stored transform), cache_written_images_per_s.
/// - loader: cpu_ms_per_image, images_per_s_a_thread, student_images_per_s, times_student_step, share_of_threads; the
///   first and the last two once more as decoded_..., for pictures that were kept in memory decoded.
/// - profile: parts, an array of {part, backward, ms, share, gflop, floor_flop_ms, floor_byte_ms}; loss_terms_ms.
/// - memory: copy_gb_per_s, triad_gb_per_s, gemm_gflop_per_s and the processor, without times of a step.
/// @throws InputError for an unknown work.
nlohmann::json run_benchmark(const BenchmarkConfig& config);

/// For a comparison that alternates step by step: prepares the work and warms up, says so on `out` with the line
/// "ready", then runs one step for each line of `in` and answers with its seconds. At the end of `in` it writes the
/// same JSON as run_benchmark, over all steps, on one line.
void run_benchmark_on_demand(const BenchmarkConfig& config, std::istream& in, std::ostream& out);

}  // namespace dermdistill
