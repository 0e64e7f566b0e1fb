#include "native/bench/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <istream>
#include <ostream>
#include <sys/resource.h>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/nn/accelerator.h"
#include "native/bench/floors.h"
#include "native/bench/machine.h"
#include "native/bench/profile.h"
#include "native/bench/work.h"
#include "native/gpu/gpu_backend.h"

namespace dermdistill {
namespace {

double timed_step(Work& work) {
  const auto began = std::chrono::steady_clock::now();
  work.step();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

nlohmann::json describe(const BenchmarkConfig& config, const Backend& backend) {
  nlohmann::json result{{"work", config.work},
                        {"torch", nullptr},
                        {"engine", "dermdistill (" + std::string(backend.name()) + ")"},
                        {"threads", config.threads}};
  if (const Accelerator* accelerator = backend.accelerator()) result["accelerator"] = accelerator->describe();
  return result;
}

double peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

nlohmann::json result_of(const BenchmarkConfig& config, const Backend& backend, Work& work,
                         const std::vector<double>& seconds) {
  nlohmann::json result = describe(config, backend);
  result["batch"] = config.batch;
  result["size"] = config.size;
  result["seed"] = config.seed;
  if (!seconds.empty()) {
    const auto [low, high] = std::minmax_element(seconds.begin(), seconds.end());
    double total = 0;
    for (const double value : seconds) total += value;
    // The loader's batches come in bursts, as its workers finish them: only their sum means something.
    const double typical = config.work == "loader" ? total / static_cast<double>(seconds.size()) : median(seconds);
    result["median_s"] = rounded(median(seconds), 4);
    result["min_s"] = rounded(*low, 4);
    result["max_s"] = rounded(*high, 4);
    result["images_per_s"] = rounded(config.batch / typical, 2);
  }
  if (const std::vector<Floor> floors = floors_of(config, backend.fuses_blocks()); !floors.empty()) {
    double flops = 0, bytes = 0;
    for (const Floor& floor : floors) {
      flops += floor.flops;
      bytes += floor.bytes;
    }
    result["floor_gflop"] = rounded(flops / 1e9, 3);
    result["floor_gb"] = rounded(bytes / 1e9, 3);
  }
  result["arena_mb"] = rounded(static_cast<double>(work.arena_bytes()) / 1e6, 1);
  result["peak_memory_mb"] = rounded(peak_memory_bytes() / 1e6, 1);
  result.update(work.facts());
  return result;
}

nlohmann::json measure_limits(const BenchmarkConfig& config, const Backend& backend) {
  const MachineLimits limits = measure_machine(backend, config.iterations);
  nlohmann::json result = describe(config, backend);
  result["processor"] = processor_name();
  result["memory_gb"] = rounded(memory_bytes() / 1e9, 1);
  result["copy_gb_per_s"] = rounded(limits.copy_gb_per_s, 1);
  result["triad_gb_per_s"] = rounded(limits.triad_gb_per_s, 1);
  result["gemm_gflop_per_s"] = rounded(limits.gemm_gflop_per_s, 1);
  return result;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double rounded(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

const std::vector<std::string>& benchmark_names() {
  static const std::vector<std::string> names{"student-step", "teacher-forward", "teacher-step", "ssdkd-step",
                                              "loader",       "profile",         "memory"};
  return names;
}

const std::vector<std::string>& profile_names() {
  static const std::vector<std::string> names{"student-step", "teacher-forward", "teacher-step", "ssdkd-step"};
  return names;
}

std::unique_ptr<Work> make_work(const BenchmarkConfig& config, const Backend& backend) {
  Random random(config.seed);
  if (config.work == "student-step") return make_training_work(Architecture::MobileNetV2, config, backend, random);
  if (config.work == "teacher-step") return make_training_work(Architecture::ResNet50, config, backend, random);
  if (config.work == "teacher-forward") return make_forward_work(config, backend, random);
  if (config.work == "ssdkd-step") return make_distill_work(config, backend, random);
  if (config.work == "loader") return make_loader_work(config, backend);
  throw InputError("benchmark " + config.work, "is unknown", "one of " + list(benchmark_names()));
}

std::vector<double> time_steps(Work& work, int iterations) {
  for (int i = 0; i < kWarmUpSteps; ++i) work.step();
  std::vector<double> seconds;
  seconds.reserve(static_cast<std::size_t>(iterations));
  for (int i = 0; i < iterations; ++i) seconds.push_back(timed_step(work));
  return seconds;
}

nlohmann::json run_benchmark(const BenchmarkConfig& config) {
  set_thread_count(config.threads);
  const Backend& backend = training_backend_named(config.backend);
  if (config.work == "memory") return measure_limits(config, backend);
  if (config.work == "profile") {
    nlohmann::json result = describe(config, backend);
    result.update(run_profile(config, backend));
    return result;
  }
  const auto work = make_work(config, backend);
  return result_of(config, backend, *work, time_steps(*work, config.iterations));
}

void run_benchmark_on_demand(const BenchmarkConfig& config, std::istream& in, std::ostream& out) {
  set_thread_count(config.threads);
  const Backend& backend = training_backend_named(config.backend);
  const auto work = make_work(config, backend);
  for (int i = 0; i < kWarmUpSteps; ++i) work->step();
  out << "ready" << std::endl;
  std::vector<double> seconds;
  for (std::string line; std::getline(in, line);) {
    seconds.push_back(timed_step(*work));
    out << seconds.back() << std::endl;
  }
  out << result_of(config, backend, *work, seconds).dump() << std::endl;
}

}  // namespace dermdistill
