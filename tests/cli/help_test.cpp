// Every command explains itself, with an example; a wrong call says what is wrong and fails.
#include <algorithm>
#include <regex>
#include <string>
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "tests/support/process.h"

using Catch::Matchers::Contains;
using dermdistill::testing::ProcessResult;
using dermdistill::testing::run_dermdistill;

namespace {

const std::vector<std::string> kCommands = {"synth", "inspect", "teach",   "distill",       "evaluate",
                                            "audit", "export",  "predict", "finetune-head", "bench"};

}  // namespace

TEST_CASE("the help lists every command") {
  const ProcessResult result = run_dermdistill({"--help"});
  CHECK(result.status == 0);
  CHECK(result.errors.empty());
  for (const std::string& command : kCommands) CHECK_THAT(result.output, Contains("\n  " + command + " "));
  CHECK_THAT(result.output, Contains("not a medical device"));
}

TEST_CASE("the help of a command has an example that its own parser accepts") {
  for (const std::string& command : kCommands) {
    INFO("command " << command);
    const ProcessResult result = run_dermdistill({command, "--help"});
    CHECK(result.status == 0);
    CHECK(result.errors.empty());
    CHECK_THAT(result.output, Contains("--threads"));
    const auto example = result.output.find("Example");
    REQUIRE(example != std::string::npos);
    CHECK_THAT(result.output.substr(example), Contains("dermdistill " + command + " "));

    // The options of the example exist.
    const std::string text = result.output.substr(example);
    const std::regex option("--[a-z][a-z.-]*");
    for (std::sregex_iterator it(text.begin(), text.end(), option), end; it != end; ++it) {
      INFO("option " << it->str());
      const auto place = result.output.find("  " + it->str());
      CHECK(place < example);
    }
  }
}

TEST_CASE("a wrong call names what is wrong and fails") {
  const ProcessResult none = run_dermdistill({});
  CHECK(none.status != 0);
  CHECK_THAT(none.errors + none.output, Contains("subcommand"));

  const ProcessResult unknown = run_dermdistill({"diagnose"});
  CHECK(unknown.status != 0);
  CHECK_THAT(unknown.errors + unknown.output, Contains("diagnose"));

  const ProcessResult option = run_dermdistill({"inspect", "--data", "x", "--no-such-option"});
  CHECK(option.status != 0);
  CHECK_THAT(option.errors + option.output, Contains("--no-such-option"));

  const ProcessResult missing = run_dermdistill({"evaluate", "--data", "x"});
  CHECK(missing.status != 0);
  CHECK_THAT(missing.errors + missing.output, Contains("--model"));
}

TEST_CASE("the random numbers of a benchmark have a seed") {
  const ProcessResult run = run_dermdistill({"bench", "student-step", "--batch", "2", "--size", "32", "--iters", "1",
                                             "--threads", "1", "--seed", "5", "--json"});
  CHECK(run.status == 0);
  CHECK_THAT(run.output, Contains("\"seed\":5"));
}

TEST_CASE("a path that the system refuses is named") {
  const ProcessResult run = run_dermdistill({"inspect", "--data", std::string(300, 'a')});
  CHECK(run.status == 1);
  CHECK_THAT(run.errors, Contains("dermdistill: error: " + std::string(300, 'a') + ": cannot be used") &&
                             Contains("expected a path") && !Contains("internal error"));
}

#ifndef __SANITIZE_ADDRESS__  // which needs more addresses than the limit grants
TEST_CASE("memory that is not there is named, and what to do about it") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
  rlimit small = before;
  small.rlim_cur = std::min<rlim_t>(before.rlim_max, rlim_t{8} << 30);
  REQUIRE(::setrlimit(RLIMIT_AS, &small) == 0);  // the command inherits it
  const ProcessResult run = run_dermdistill(
      {"bench", "teacher-forward", "--batch", "4096", "--size", "4096", "--iters", "1", "--threads", "1"});
  REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(run.status == 1);
  CHECK_THAT(run.errors, Contains("dermdistill: error: memory") && Contains("--batch") && !Contains("internal error"));
}
#endif

TEST_CASE("the version is printed") {
  const ProcessResult result = run_dermdistill({"--version"});
  CHECK(result.status == 0);
  CHECK(std::regex_search(result.output, std::regex("^dermdistill [0-9]+\\.[0-9]+\\.[0-9]+")));
}
