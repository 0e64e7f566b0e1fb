// The options of confidence intervals, the same for every command that gives them.
#pragma once

#include <cstdint>

#include <CLI/CLI.hpp>

namespace dermdistill {

struct BootstrapOptions {
  std::uint64_t seed = 2019;
  int samples = 1000;  // 0: no intervals
};

inline void add_bootstrap_options(CLI::App& command, BootstrapOptions& options) {
  command.add_option("--seed", options.seed, "Seed of the bootstrap that gives the intervals")->capture_default_str();
  command.add_option("--bootstrap", options.samples, "Samples for the intervals; 0 for none")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
}

}  // namespace dermdistill
