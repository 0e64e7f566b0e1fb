#include "native/report/run_log.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

TEST_CASE("epochs are read into their stages") {
  const auto stages = parse_run_log(
      "{\"stage\":\"teacher\",\"epoch\":1,\"learning_rate\":0.001,\"seconds\":4.5,\"train\":{\"loss\":2.5},"
      "\"validation\":{\"accuracy\":0.5}}\n"
      "\n"
      "{\"stage\":\"teacher\",\"epoch\":2,\"train\":{\"loss\":null,\"extra\":1},\"unknown\":[1]}\r\n"
      "{\"stage\":\"head\",\"train\":{\"contrastive\":3}}",
      "log.jsonl");
  REQUIRE(stages.size() == 2);
  CHECK(stages[0].name == "teacher");
  REQUIRE(stages[0].epochs.size() == 2);
  CHECK(stages[0].epochs[0].learning_rate == 0.001);
  CHECK(stages[0].epochs[0].seconds == 4.5);
  CHECK(logged_value(stages[0].epochs[0].train, "loss") == 2.5);
  CHECK(std::isnan(logged_value(stages[0].epochs[1].train, "loss")));
  CHECK(std::isnan(logged_value(stages[0].epochs[1].validation, "accuracy")));
  CHECK_FALSE(stages[0].epochs[1].seconds);
  CHECK(train_terms(stages[0]) == std::vector<std::string>{"loss", "extra"});
  CHECK(validation_metrics(stages[0]) == std::vector<std::string>{"accuracy"});
  CHECK(stages[1].epochs[0].epoch == 1);
  CHECK(parse_run_log("", "log.jsonl").empty());
}

TEST_CASE("a line that tells of no epoch counts with its time alone") {
  const auto stages = parse_run_log(
      "{\"stage\":\"cache\",\"seconds\":3.5}\n{\"stage\":\"cache\",\"seconds\":1}\n{\"stage\":\"student\",\"train\":{"
      "\"kd\":1}}",
      "log");
  REQUIRE(stages.size() == 2);
  CHECK(stages[0].epochs.empty());
  CHECK(stages[0].other_seconds == 4.5);
  CHECK(stages[1].epochs.size() == 1);
}

TEST_CASE("a bad line is refused with its number") {
  const std::string good = "{\"epoch\":1,\"train\":{\"loss\":1}}\n\n";
  const auto message = [&](const std::string& line) {
    try {
      parse_run_log(good + line, "run/log.jsonl");
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
    return std::string("nothing thrown");
  };
  CHECK_THAT(message("{\"epoch\":2,\"tra"),
             Contains("run/log.jsonl line 3: not JSON") && Contains("expected one JSON object"));
  CHECK_THAT(message("[1,2]"), Contains("line 3: is a JSON array"));
  CHECK_THAT(message("7"), Contains("line 3: is a JSON number"));
  CHECK_THAT(message("{\"epoch\":\"two\"}"), Contains("line 3: \"epoch\" is of type string; expected a number"));
  CHECK_THAT(message("{\"epoch\":-1}"), Contains("\"epoch\" is -1"));
  CHECK_THAT(message("{\"epoch\":1e300}"), Contains("\"epoch\" is 1e+300"));
  CHECK_THAT(message("{\"train\":5}"), Contains("\"train\" is of type number; expected an object of numbers"));
  CHECK_THAT(message("{\"validation\":{\"auc\":\"high\"}}"), Contains("\"validation.auc\" is of type string"));
  CHECK_THAT(message("{\"stage\":3}"), Contains("\"stage\" is of type number; expected text"));
  CHECK_THAT(message("{\"epoch\":2,\"learning_rate\":[]}"), Contains("\"learning_rate\" is of type array"));
}
