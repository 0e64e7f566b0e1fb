// The option --threads, the same for every command.
#pragma once

#include <algorithm>
#include <thread>

#include <CLI/CLI.hpp>

namespace dermdistill {

inline int available_threads() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

inline void add_thread_option(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "Threads to compute with; the default is all of the machine")
      ->check(CLI::Range(1, 1024));
}

}  // namespace dermdistill
