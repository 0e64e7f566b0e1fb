// A graphics card that is asked for and is not there ends every command that trains in one line.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/process.h"

using Catch::Matchers::Contains;
using dermdistill::testing::ProcessResult;
using dermdistill::testing::run_dermdistill;

TEST_CASE("a graphics card that cannot be used ends teach, distill and bench in one clear line") {
  const std::vector<std::vector<std::string>> commands = {
      {"teach", "--data", "none", "--out", "run"},
      {"distill", "--data", "none", "--method", "ce", "--out", "run"},
      {"bench", "student-step", "--batch", "2", "--size", "32"}};
  for (const std::string backend : {"cuda", "cuda_tf32"}) {
    const ProcessResult probe = run_dermdistill({"bench", "memory", "--iters", "1", "--backend", backend});
    if (probe.status == 0) {
      std::printf("[skipped] a graphics card is here\n");
      return;
    }
    for (std::vector<std::string> command : commands) {
      INFO(command.front() << " by " << backend);
      command.insert(command.end(), {"--backend", backend});
      const ProcessResult result = run_dermdistill(command);
      CHECK(result.status == 1);
      CHECK(result.output.empty());
      CHECK_THAT(result.errors, Contains("dermdistill: error: ") && Contains("another --backend"));
      CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
    }
  }
}
