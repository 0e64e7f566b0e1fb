#include <cstdio>
#include <memory>

#include "native/bench/benchmark.h"
#include "native/cli/commands.h"

namespace dermdistill {

void add_bench_command(CLI::App& app) {
  struct Options {
    BenchmarkConfig config;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("bench", "Time a piece of training on random weights and images");
  command
      ->add_option(
          "work", options->config.work,
          "student-step (MobileNetV2 forward, backward, SGD), teacher-forward (ResNet-50, evaluation mode), "
          "teacher-step (ResNet-50 forward, backward, SGD) or ssdkd-step (all of SSD-KD with the teacher online)")
      ->required()
      ->check(CLI::IsMember(benchmark_names()));
  command->add_option("--threads", options->config.threads, "Threads")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command->add_option("--batch", options->config.batch, "Images a step")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--size", options->config.size, "Pixels along a side")
      ->capture_default_str()
      ->check(CLI::Range(16, 4096));
  command->add_option("--iters", options->config.iterations, "Timed steps; two more warm up")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command->add_option("--backend", options->config.backend, "auto, onednn or eigen")->capture_default_str();
  command->add_option("--seed", options->config.seed, "Seed of the random weights, images and labels")
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON line");
  command->footer("Example:\n  dermdistill bench student-step --threads 2 --batch 32 --size 224 --iters 7 --json");
  command->callback([options] {
    const BenchmarkResult result = run_benchmark(options->config);
    const auto json = to_json(result);
    if (options->json) {
      std::printf("%s\n", json.dump().c_str());
      return;
    }
    std::printf(
        "%s by %s, %d threads, batch %d at %d px: %.2f images/s (median %.4f s, %.4f to %.4f), memory %.0f MB, of it "
        "arena %.0f MB\n",
        result.config.work.c_str(), result.backend.c_str(), result.config.threads, result.config.batch,
        result.config.size, json.at("images_per_s").get<double>(), json.at("median_s").get<double>(),
        json.at("min_s").get<double>(), json.at("max_s").get<double>(), json.at("peak_memory_mb").get<double>(),
        json.at("arena_mb").get<double>());
  });
}

}  // namespace dermdistill
