#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/report/report.h"
#include "tests/metrics/example.h"
#include "tests/report/markup.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using Catch::Matchers::Contains;
using testing::contains;
using testing::occurrences;

namespace {

const std::string kConfig =
    R"({"kind":"student","network":{"architecture":"mobilenet_v2"},"best_by":"accuracy","training":{"rate":0.000500000023748726,"milestones":[3,5]},)"
    R"("distillation":{"method":"ssd-kd"},"data":{"folder":"a <b> & \"c\"","split":{"leaks":true}}})";
const std::string kLog =
    R"({"stage":"student","epoch":1,"learning_rate":0.1,"seconds":2,"train":{"total":5,"kd":2},"validation":{"balanced_accuracy":0.3,"accuracy":0.6,"total":4}})"
    "\n"
    R"({"stage":"student","epoch":2,"learning_rate":0.001,"seconds":2,"train":{"total":4,"kd":null},"validation":{"balanced_accuracy":0.5,"accuracy":0.7,"total":3}})"
    "\n"
    R"({"stage":"student","epoch":3,"learning_rate":0.001,"seconds":2,"train":{"total":3,"kd":1},"validation":{"balanced_accuracy":0.6,"accuracy":0.65,"total":3.5}})"
    "\n";

}  // namespace

TEST_CASE("a run folder becomes a page with a chart for every term and metric") {
  const testing::TemporaryFolder folder;
  const auto run = folder.path() / "run <script>alert(1)";
  std::filesystem::create_directories(run);
  write_text(run / "config.json", kConfig);
  write_text(run / "log.jsonl", kLog);
  write_training_report(run);
  const std::string page = read_text(run / "report.html");
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(testing::first_outside_reference(page) == "");
  CHECK(contains(page, "run &lt;script&gt;"));
  CHECK(occurrences(page, "<svg class=\"chart\"") == 5);  // total (with the validation's), kd, two metrics, the rate
  for (const char* title : {"Total", "KD", "Accuracy", "Balanced accuracy", "Learning rate"}) {
    INFO(title);
    CHECK(contains(page, "<h3>" + std::string(title) + "</h3>"));
  }
  CHECK(contains(page, "Stage 3: the student"));
  CHECK(contains(page, "best epoch 2"));  // by accuracy, as the configuration says, not by balanced accuracy
  CHECK_FALSE(contains(page, "best epoch 3"));
  CHECK(contains(page, "training.rate</th><td>0.0005"));
  CHECK(contains(page, "training.milestones</th><td>3, 5"));
  CHECK(contains(page, "a &lt;b&gt; &amp; &quot;c&quot;"));
  CHECK(contains(page, "method ssd-kd"));
  CHECK(contains(page, "This split leaks"));
  CHECK(contains(page, "6.0 s in all, 2.0 s each"));
}

TEST_CASE("a teacher's run shows both of its stages") {
  const testing::TemporaryFolder folder;
  write_text(folder.path() / "config.json", "{}");
  write_text(folder.path() / "log.jsonl",
             "{\"stage\":\"teacher\",\"train\":{\"loss\":2},\"validation\":{\"balanced_accuracy\":0.5}}\n"
             "{\"stage\":\"head\",\"train\":{\"contrastive\":2}}\n");
  const std::string page = training_report_html(folder.path());
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(page.find("Stage 1: the teacher") < page.find("Stage 2: the teacher&#39;s self-supervision head"));
  CHECK(contains(page, "time not logged"));
  CHECK_FALSE(contains(page, "This split leaks"));
}

TEST_CASE("the time of the cache is told without an epoch") {
  const testing::TemporaryFolder folder;
  write_text(folder.path() / "config.json", kConfig);
  write_text(folder.path() / "log.jsonl", "{\"seconds\":185,\"stage\":\"cache\"}\n" + kLog);
  const std::string page = training_report_html(folder.path());
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(contains(page, "It took 3 min 5 s."));
  CHECK(occurrences(page, "<p class=\"name\">Epochs</p>") == 1);
}

TEST_CASE("what the best model is worth on the validation part stands between the curves and the configuration") {
  const testing::TemporaryFolder folder;
  write_text(folder.path() / "config.json", kConfig);
  write_text(folder.path() / "log.jsonl", kLog);
  const std::string heading = "<h2>On the validation part (used to choose the epoch, so these figures flatter)</h2>";
  CHECK_FALSE(contains(training_report_html(folder.path()), heading));
  EvaluationReport validation;
  validation.predictions = testing::example_predictions(300, 21, 2);
  validation.metrics = compute_metrics(validation.predictions, {.bootstrap_samples = 50});
  const std::string page = training_report_html(folder.path(), &validation);
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(testing::first_outside_reference(page) == "");
  std::size_t place = page.find("<h3>Loss terms and learning rate</h3>");
  for (const std::string& next : {heading, std::string("<h3>Confusion matrix</h3>"), std::string("<h3>ROC curves</h3>"),
                                  std::string("<h3>Reliability</h3>"), std::string("<h3>Worst mistakes</h3>"),
                                  std::string("<h4>Missed melanomas: "), std::string("<h2>Configuration</h2>")}) {
    INFO(next);
    REQUIRE(page.find(next, place) != std::string::npos);
    place = page.find(next, place);
  }
  validation.metrics.images = 299;
  CHECK_THROWS_WITH(training_report_html(folder.path(), &validation), Contains("metrics of 299 images"));
}

TEST_CASE("a run without epochs says so") {
  const testing::TemporaryFolder folder;
  write_text(folder.path() / "config.json", kConfig);
  write_text(folder.path() / "log.jsonl", "");
  const std::string page = training_report_html(folder.path());
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(contains(page, "No epoch has been logged yet"));
}

TEST_CASE("a run folder that cannot be reported is refused, and nothing is written") {
  const testing::TemporaryFolder folder;
  CHECK_THROWS_AS(write_training_report(folder.path()), FileError);
  write_text(folder.path() / "config.json", "[]");
  write_text(folder.path() / "log.jsonl", kLog + "{\"epoch\":4,\"train\":{\"to");
  CHECK_THROWS_WITH(write_training_report(folder.path()), Contains("config.json: is a JSON array"));
  write_text(folder.path() / "config.json", "{");
  CHECK_THROWS_WITH(write_training_report(folder.path()), Contains("config.json: not JSON"));
  write_text(folder.path() / "config.json", kConfig);
  CHECK_THROWS_AS(write_training_report(folder.path()), FormatError);
  CHECK_THROWS_WITH(write_training_report(folder.path()), Contains("log.jsonl line 4: not JSON"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "report.html"));
}
