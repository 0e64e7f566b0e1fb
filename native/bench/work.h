// What can be timed: each piece of work runs once a step().
#pragma once

#include <memory>

#include <nlohmann/json.hpp>

#include "native/bench/benchmark.h"
#include "native/train/distill_step.h"

namespace dermdistill {

constexpr int kBenchmarkClasses = 8;
constexpr int kWarmUpSteps = 2;

class Work {
 public:
  virtual ~Work() = default;
  virtual void step() = 0;
  virtual std::size_t arena_bytes() const = 0;
  /// Null: nobody looks on.
  virtual void observe(StepObserver* observer) = 0;
  /// Further keys of the result.
  virtual nlohmann::json facts() { return nlohmann::json::object(); }
};

std::vector<float> random_images(int count, int size, Random& random);
std::vector<int> random_labels(int count, Random& random);
OptimiserConfig paper_optimiser();

/// Forward, cross-entropy, backward, SGD.
std::unique_ptr<Work> make_training_work(Architecture architecture, const BenchmarkConfig& config,
                                         const Backend& backend, Random& random);
/// ResNet-50 in evaluation mode, batch norm folded.
std::unique_ptr<Work> make_forward_work(const BenchmarkConfig& config, const Backend& backend, Random& random);
/// The paper's whole step: `batch` images, four rotations each, all loss terms; the teacher online or from a cache.
std::unique_ptr<Work> make_distill_work(const BenchmarkConfig& config, const Backend& backend, Random& random);

/// The loader on a folder of pictures, four views an image; its facts say what share of a student step it takes.
std::unique_ptr<Work> make_loader_work(const BenchmarkConfig& config, const Backend& backend);

/// The one that config.work names. @throws InputError for an unknown name.
std::unique_ptr<Work> make_work(const BenchmarkConfig& config, const Backend& backend);

/// Seconds of each step, after kWarmUpSteps that are not counted.
std::vector<double> time_steps(Work& work, int iterations);

double median(std::vector<double> values);
/// To `digits` behind the point, such that JSON shows no more.
double rounded(double value, int digits);

}  // namespace dermdistill
