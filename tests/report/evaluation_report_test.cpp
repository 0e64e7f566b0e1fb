#include <regex>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/report/html.h"
#include "native/report/report.h"
#include "tests/metrics/example.h"
#include "tests/report/markup.h"
#include "tests/report/picture.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using Catch::Matchers::Contains;
using testing::contains;
using testing::occurrences;

namespace {

EvaluationReport example_report() {
  EvaluationReport report;
  report.title = "Student";
  report.model = "runs/student.onnx";
  report.data_set = "isic2019";
  report.split = "test part, split by lesion";
  report.seed = 77;
  report.predictions = testing::example_predictions(300, 21, 2);
  report.metrics = compute_metrics(report.predictions, {.bootstrap_samples = 50});
  return report;
}

}  // namespace

TEST_CASE("an evaluation becomes a page that holds all of it") {
  EvaluationReport report = example_report();
  report.temperature = 1.5;
  report.before_temperature = report.metrics.reliability;
  report.facts = {{"Architecture", "mobilenet_v2"}};
  const testing::TemporaryFolder folder;
  write_evaluation_report(folder.path() / "report.html", report);
  const std::string page = read_text(folder.path() / "report.html");
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(testing::first_outside_reference(page) == "");
  for (const char* text :
       {"Confusion matrix", "ROC curves", "Reliability", "Operating points", "Worst mistakes", "isic2019",
        "test part, split by lesion", "77", "mobilenet_v2", "before temperature", "after temperature 1.5",
        "Research and education software, not a medical device", "Precision-recall"}) {
    INFO(text);
    CHECK(contains(page, text));
  }
  const auto place = [&](const char* name) { return page.find("<p class=\"name\">" + std::string(name) + "</p>"); };
  CHECK(place("Sensitivity to melanoma") < place("Balanced accuracy"));
  CHECK(place("Balanced accuracy") < place("Accuracy"));
  CHECK(place("Accuracy") != std::string::npos);
  CHECK(contains(page, html::percent(report.metrics.melanoma_sensitivity->value)));
  CHECK(contains(
      page, html::percent(report.metrics.accuracy.low, false) + " to " + html::percent(report.metrics.accuracy.high)));
  CHECK(contains(page, ">" + std::to_string(report.metrics.confusion[0][0]) + "<small>"));
  CHECK(occurrences(page, "<svg class=\"chart\"") == 8 + 1 + 8 + 1);  // ROC, malignant, precision-recall, reliability
  CHECK_FALSE(
      std::regex_search(page, std::regex(R"(\b(benign|safe)\b)", std::regex::icase)));  // a page may not reassure
}

TEST_CASE("hostile names stay text") {
  EvaluationReport report = example_report();
  const std::string hostile = "\"><script>alert(1)</script><img src=x onerror=alert(2)>\xff";
  for (auto& id : report.predictions.image_ids) id = hostile;
  report.predictions.classes[1] = hostile;
  report.title = report.model = report.data_set = report.split = hostile;
  report.facts = {{hostile, hostile}};
  report.metrics = compute_metrics(report.predictions, {.bootstrap_samples = 10});
  report.read_image = [](int) { return testing::png_picture(32, 32, {}); };
  const std::string page = evaluation_report_html(report);
  CHECK(testing::first_markup_fault(page) == "");
  CHECK_FALSE(contains(page, "<script"));
  CHECK_FALSE(contains(page, "<img src=x"));
  CHECK(contains(page, "&lt;script&gt;alert(1)"));
}

TEST_CASE("only the worst mistakes' files are read, and one that fails costs its picture alone") {
  EvaluationReport report = example_report();
  report.worst_mistakes = 6;
  int reads = 0;
  report.read_image = [&](int) -> std::vector<std::byte> {
    ++reads;
    if (reads == 2) throw FileError("ISIC.jpg", "cannot be opened");
    if (reads == 3) return testing::bytes_of("no picture at all");
    return testing::png_picture(32, 32, {});
  };
  const std::string page = evaluation_report_html(report);
  CHECK(reads == 6);
  CHECK(occurrences(page, "<img src=\"data:image/png;base64,") == 4);
  CHECK(occurrences(page, "<div class=\"absent\">") == 2);
  CHECK(contains(page, "Missed melanomas: 3 of "));
  CHECK(testing::first_markup_fault(page) == "");
}

TEST_CASE("missed melanomas come first, then the most confident") {
  const Predictions predictions = testing::example_predictions(400, 22);
  const auto all = worst_mistakes(predictions, 400);
  const auto predicted = predicted_classes(predictions.probabilities, 8);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) wrong += predicted[i] != predictions.labels[i];
  REQUIRE(all.size() == wrong);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i].label != all[i].predicted);
    if (i == 0) continue;
    const bool before = all[i - 1].label == 0, here = all[i].label == 0;
    REQUIRE((before || !here));
    if (before == here) REQUIRE(all[i - 1].confidence >= all[i].confidence);
  }
  CHECK(all.front().label == 0);
  CHECK(worst_mistakes(predictions, 5).size() == 5);
  CHECK(worst_mistakes(predictions, 0).empty());
}

TEST_CASE("absent classes and perfect predictions are said, not drawn") {
  EvaluationReport report;
  report.model = "m";
  report.predictions.classes = {"NV", "DF", "MEL"};
  report.predictions.labels = {0, 1, 0, 1};
  report.predictions.probabilities = {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0};
  report.metrics = compute_metrics(report.predictions, {.bootstrap_samples = 0});
  const std::string page = evaluation_report_html(report);
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(contains(page, "no melanoma among these images"));
  CHECK(contains(page, "every image got its own class"));
  CHECK(contains(page, "No confidence intervals were computed"));
  CHECK_FALSE(contains(page, ">nan"));
}

TEST_CASE("a leaking split is called so") {
  EvaluationReport report = example_report();
  CHECK_FALSE(contains(evaluation_report_html(report), "This split leaks"));
  report.split_by_image = true;
  CHECK(contains(evaluation_report_html(report), "This split leaks"));
}

TEST_CASE("metrics of other predictions are refused") {
  EvaluationReport report = example_report();
  report.metrics = compute_metrics(testing::example_predictions(10, 1), {.bootstrap_samples = 0});
  CHECK_THROWS_AS(evaluation_report_html(report), InputError);
  CHECK_THROWS_WITH(evaluation_report_html(report), Contains("metrics of 10 images with predictions of 300"));
}
