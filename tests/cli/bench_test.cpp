// Every benchmark runs, at a size of no use but for this, and prints what comparisons read.
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"

using Catch::Matchers::Contains;
using dermdistill::testing::run_dermdistill;

namespace {

nlohmann::json measured(const std::vector<std::string>& work) {
  std::vector<std::string> arguments{"bench"};
  arguments.insert(arguments.end(), work.begin(), work.end());
  for (const char* option : {"--batch", "4", "--size", "32", "--iters", "1", "--threads", "1", "--json"})
    arguments.emplace_back(option);
  const auto run = run_dermdistill(arguments);
  INFO(run.errors);
  REQUIRE(run.status == 0);
  return nlohmann::json::parse(run.output);
}

double number(const nlohmann::json& result, const char* key) { return result.at(key).get<double>(); }

void check_times(const nlohmann::json& result, const std::string& work) {
  CHECK(result.at("work").get<std::string>() == work);
  CHECK(result.at("torch").is_null());
  CHECK(number(result, "threads") == 1);
  CHECK(number(result, "batch") == 4);
  CHECK(number(result, "size") == 32);
  CHECK(number(result, "min_s") <= number(result, "median_s"));
  CHECK(number(result, "median_s") <= number(result, "max_s"));
  CHECK(number(result, "images_per_s") > 0);
  CHECK(number(result, "peak_memory_mb") > 0);
}

}  // namespace

TEST_CASE("the benchmarks of networks print their times as JSON") {
  for (const std::string work : {"student-step", "teacher-forward"}) {
    INFO(work);
    const auto result = measured({work});
    check_times(result, work);
    CHECK(number(result, "floor_gflop") > 0);
    CHECK(number(result, "floor_gb") > 0);
  }
}

TEST_CASE("a step of SSD-KD is timed online and from a cache") {
  const auto online = measured({"ssdkd-step"}), cached = measured({"ssdkd-step", "--cached"});
  check_times(online, "ssdkd-step");
  check_times(cached, "ssdkd-step");
  CHECK_FALSE(online.at("cached").get<bool>());
  CHECK(cached.at("cached").get<bool>());
  // Of one position: logits, projection and at most the whole map, as halves, of four views.
  CHECK(number(cached, "cache_kb_per_image") > 4 * 4.0);
  CHECK(number(cached, "cache_kb_per_image") < 4 * 9.0);
  CHECK(number(cached, "floor_gflop") < number(online, "floor_gflop"));
}

TEST_CASE("the loader's benchmark compares it with the step that it feeds") {
  const auto result = measured({"loader"});
  check_times(result, "loader");
  CHECK(number(result, "cpu_ms_per_image") > 0);
  CHECK(number(result, "decoded_cpu_ms_per_image") > 0);
  CHECK(number(result, "share_of_threads") > 0);
}

TEST_CASE("a profile takes a step apart") {
  const auto result = measured({"profile", "--of", "ssdkd-step", "--cached"});
  CHECK(result.at("of").get<std::string>() == "ssdkd-step");
  double share = 0;
  std::vector<std::string> names;
  for (const auto& part : result.at("parts")) {
    share += part.at("share").get<double>();
    names.push_back(part.at("part").get<std::string>());
  }
  CHECK(share == Approx(1).margin(0.01));
  for (const char* name : {"regressor", "projection head", "teacher's answers", "loss terms", "optimiser"})
    CHECK_THAT(names, Catch::VectorContains(std::string(name)));
  CHECK(result.at("loss_terms_ms").size() == 7);
}

TEST_CASE("the machine's limits are measured") {
  const auto result = measured({"memory"});
  for (const char* key : {"copy_gb_per_s", "triad_gb_per_s", "gemm_gflop_per_s"}) CHECK(number(result, key) > 0);
}

TEST_CASE("a benchmark on demand says when it is ready") {
  // Its input is empty here: it prepares, and reports that no step was asked for.
  const auto run =
      run_dermdistill({"bench", "student-step", "--batch", "2", "--size", "32", "--threads", "1", "--on-demand"});
  CHECK(run.status == 0);
  CHECK_THAT(run.output, Catch::StartsWith("ready\n{") && !Contains("median_s"));
}
