#include <cstdio>
#include <iostream>
#include <memory>

#include "native/bench/benchmark.h"
#include "native/cli/commands.h"

namespace dermdistill {
namespace {

double number(const nlohmann::json& json, const char* key) { return json.at(key).get<double>(); }

void print_limits(const nlohmann::json& result) {
  std::printf("%s, %d threads: copy %.1f GB/s, triad %.1f GB/s, matrix product %.0f GFLOP/s\n",
              result.at("processor").get<std::string>().c_str(), result.at("threads").get<int>(),
              number(result, "copy_gb_per_s"), number(result, "triad_gb_per_s"), number(result, "gemm_gflop_per_s"));
}

void print_profile(const nlohmann::json& result) {
  std::printf(
      "%s, %d threads, batch %d at %d px: %.1f ms a step; the network's floor is %.1f ms of arithmetic at %.0f "
      "GFLOP/s or %.1f ms of memory at %.1f GB/s\n\n",
      result.at("of").get<std::string>().c_str(), result.at("threads").get<int>(), result.at("batch").get<int>(),
      result.at("size").get<int>(), number(result, "step_ms"), number(result, "floor_flop_ms"),
      number(result, "gemm_gflop_per_s"), number(result, "floor_byte_ms"), number(result, "triad_gb_per_s"));
  std::printf("| part | pass | ms | share | floor: arithmetic, ms | floor: memory, ms |\n|---|---|---|---|---|---|\n");
  for (const auto& part : result.at("parts")) {
    std::printf("| %s | %s | %.1f | %.1f %% |", part.at("part").get<std::string>().c_str(),
                part.at("backward").get<bool>() ? "backward" : "forward", number(part, "ms"),
                100 * number(part, "share"));
    if (part.contains("floor_flop_ms")) {
      std::printf(" %.1f | %.1f |\n", number(part, "floor_flop_ms"), number(part, "floor_byte_ms"));
    } else {
      std::printf(" | |\n");
    }
  }
  if (!result.contains("loss_terms_ms")) return;
  std::printf("\nloss terms, each alone, ms:");
  for (const auto& [name, milliseconds] : result.at("loss_terms_ms").items())
    std::printf("  %s %.2f", name.c_str(), milliseconds.get<double>());
  std::printf("\n");
}

void print_times(const nlohmann::json& result) {
  std::printf(
      "%s by %s, %d threads, batch %d at %d px: %.2f images/s (median %.4f s, %.4f to %.4f), memory %.0f MB, of "
      "it arena %.0f MB\n",
      result.at("work").get<std::string>().c_str(), result.at("engine").get<std::string>().c_str(),
      result.at("threads").get<int>(), result.at("batch").get<int>(), result.at("size").get<int>(),
      number(result, "images_per_s"), number(result, "median_s"), number(result, "min_s"), number(result, "max_s"),
      number(result, "peak_memory_mb"), number(result, "arena_mb"));
  if (result.contains("cache_kb_per_image")) {
    std::printf("knowledge cache: %.1f kB an image and stored transform, written at %.1f images/s\n",
                number(result, "cache_kb_per_image"), number(result, "cache_written_images_per_s"));
  }
  if (result.contains("share_of_threads")) {
    for (const std::string kind : {"", "decoded_"}) {
      std::printf(
          "%s, an image costs %.2f ms of a thread: %.1f times what the training step eats, %.1f %% of its threads' "
          "time\n",
          kind.empty() ? "decoding" : "from decoded pictures in memory",
          number(result, (kind + "cpu_ms_per_image").c_str()), number(result, (kind + "times_student_step").c_str()),
          100 * number(result, (kind + "share_of_threads").c_str()));
    }
  }
}

}  // namespace

void add_bench_command(CLI::App& app) {
  struct Options {
    BenchmarkConfig config;
    bool json = false, on_demand = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("bench", "Time a piece of training on random weights and images");
  command
      ->add_option(
          "work", options->config.work,
          "student-step (MobileNetV2 forward, backward, SGD), teacher-forward (ResNet-50, evaluation mode), "
          "teacher-step (ResNet-50 forward, backward, SGD), ssdkd-step (all of SSD-KD on --batch images of four "
          "views), "
          "loader (decode and transform, four views an image), profile (time by kind of layer), memory (what the "
          "machine can do)")
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
  command->add_flag("--cached", options->config.cached,
                    "ssdkd-step: the teacher's answers from a knowledge cache instead of the teacher itself");
  command->add_option("--of", options->config.of, "profile: the work to look into")
      ->capture_default_str()
      ->check(CLI::IsMember(profile_names()));
  command->add_option("--data", options->config.data, "loader: a data set's folder; synthetic pictures without");
  command
      ->add_option("--backend", options->config.backend,
                   "auto, onednn, onednn_bf16, fused or eigen; or an NVIDIA card: cuda or cuda_tf32")
      ->capture_default_str();
  command->add_option("--seed", options->config.seed, "Seed of the random weights, images and labels")
      ->capture_default_str();
  auto* json = command->add_flag("--json", options->json, "One JSON line");
  command
      ->add_flag("--on-demand", options->on_demand,
                 "Prepare, print \"ready\", then run a step for each line of the standard input and print its seconds; "
                 "the JSON line at its end")
      ->excludes(json);
  command->footer(
      "Example:\n  dermdistill bench student-step --threads 2 --batch 32 --size 224 --iters 7 --json\n"
      "  dermdistill bench profile --of ssdkd-step --cached --batch 32 --size 112");
  command->callback([options] {
    if (options->on_demand) {
      run_benchmark_on_demand(options->config, std::cin, std::cout);
      return;
    }
    const nlohmann::json result = run_benchmark(options->config);
    if (options->json) {
      std::printf("%s\n", result.dump().c_str());
    } else if (options->config.work == "memory") {
      print_limits(result);
    } else if (options->config.work == "profile") {
      print_profile(result);
    } else {
      print_times(result);
    }
  });
}

}  // namespace dermdistill
