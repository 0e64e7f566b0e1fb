#include "native/report/evaluation_figures.h"

#include <regex>

#include <catch2/catch.hpp>

#include "native/base/files.h"
#include "native/report/html.h"
#include "native/report/standalone_svg.h"
#include "tests/metrics/example.h"
#include "tests/report/markup.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using testing::contains;
using testing::occurrences;

namespace {

/// Two melanomas with 0.9 and 0.4, two nevi with 0.6 and 0.1: by falling score right, wrong, right, wrong.
EvaluationReport four_images() {
  EvaluationReport report;
  report.split = "test part";
  report.predictions.classes = {"MEL", "NV"};
  report.predictions.labels = {0, 0, 1, 1};
  report.predictions.probabilities = {0.9F, 0.1F, 0.4F, 0.6F, 0.6F, 0.4F, 0.1F, 0.9F};
  report.metrics = compute_metrics(report.predictions, {.bootstrap_samples = 0, .given_thresholds = {{"MEL", 0.5}}});
  return report;
}

std::string figure(const EvaluationReport& report, const std::string& name) {
  for (const FigureFile& file : evaluation_figures(report))
    if (file.name == name) return file.svg;
  return {};
}

/// The points of the first line of that colour, as numbers.
std::vector<std::pair<double, double>> points_of(const std::string& svg, int colour) {
  const std::regex line("class=\"line s" + std::to_string(colour) + "\" d=\"([^\"]+)\"");
  std::smatch match;
  if (!std::regex_search(svg, match, line)) return {};
  const std::string path = match[1];
  const std::regex point(R"([ML](-?[0-9.]+) (-?[0-9.]+))");
  std::vector<std::pair<double, double>> points;
  for (std::sregex_iterator each(path.begin(), path.end(), point), end; each != end; ++each)
    points.emplace_back(std::stod((*each)[1]), std::stod((*each)[2]));
  return points;
}

/// Whether the points are these shares, from the chart's own corners, to half a pixel.
void check_points(const std::vector<std::pair<double, double>>& points,
                  const std::vector<std::pair<double, double>>& shares, std::pair<double, double> origin,
                  std::pair<double, double> far_corner) {
  REQUIRE(points.size() == shares.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    INFO("point " << i);
    CHECK(points[i].first == Approx(origin.first + shares[i].first * (far_corner.first - origin.first)).margin(0.5));
    CHECK(points[i].second ==
          Approx(origin.second + shares[i].second * (far_corner.second - origin.second)).margin(0.5));
  }
}

}  // namespace

TEST_CASE("every figure is a file of its own that is well-formed, says what it is and asks for nothing") {
  EvaluationReport report;
  report.split = "test part, split by lesion";
  report.predictions = testing::example_predictions(300, 21, 2);
  report.metrics = compute_metrics(report.predictions,
                                   {.bootstrap_samples = 50, .given_thresholds = {{"MEL", 0.2}, {"malignant", 0.4}}});
  report.temperature = 1.5;
  report.before_temperature = report.metrics.reliability;
  const testing::TemporaryFolder folder;
  write_evaluation_figures(folder.path(), report);
  for (const char* name : {"roc.svg", "sensitivity-specificity.svg", "reliability.svg", "confusion.svg"}) {
    INFO(name);
    std::string svg = read_text(folder.path() / name);
    const std::string space = " xmlns=\"http://www.w3.org/2000/svg\"";
    REQUIRE(svg.find("<svg" + space) == 0);
    svg.erase(4, space.size());
    CHECK(testing::first_markup_fault(svg) == "");
    CHECK(testing::first_outside_reference(svg) == "");
    CHECK(occurrences(svg, "<title ") == 1);
    CHECK(contains(svg, "<desc id=\"description\">"));
    CHECK(contains(svg, "aria-labelledby=\"title description\""));
    CHECK(contains(svg, "prefers-color-scheme: dark"));
    CHECK(contains(svg, "300 images of 150 lesions, test part, split by lesion"));
    CHECK_FALSE(std::regex_search(svg, std::regex("\\bnan\\b")));
  }
  CHECK(contains(read_text(folder.path() / "roc.svg"),
                 "Melanoma: AUC " + html::fixed(report.metrics.melanoma_auc->value, 3) + " ("));
  CHECK(contains(read_text(folder.path() / "reliability.svg"), "after temperature 1.5: expected calibration error"));
  CHECK(occurrences(read_text(folder.path() / "sensitivity-specificity.svg"), "<circle class=\"marker f0\"") == 2);
}

TEST_CASE("curves go through the points that the images give") {
  const EvaluationReport report = four_images();
  const std::string roc = figure(report, "roc.svg");
  const auto points = points_of(roc, 0);
  REQUIRE(points.size() == 5);
  const std::vector<std::pair<double, double>> corners = {{0, 0}, {0, 0.5}, {0.5, 0.5}, {0.5, 1}, {1, 1}};
  check_points(points, corners, points.front(), points.back());
  CHECK(contains(roc, "Melanoma: AUC 0.750"));
  CHECK(contains(roc, ">100</text>"));  // in percent

  // From all flagged (0, 1) to one of two found at full specificity; its axis begins at the half.
  const std::string trade_off = figure(report, "sensitivity-specificity.svg");
  const auto falling = points_of(trade_off, 0);
  REQUIRE(falling.size() >= 4);
  check_points(falling, {{0, 1}, {0.5, 1}, {0.5, 0}, {1, 0}}, {falling.front().first, falling.back().second},
               {falling.back().first, falling.front().second});
  CHECK(contains(trade_off, "Melanoma \u2265 50.0\u00A0%: sensitivity 50.0\u00A0%, specificity 50.0\u00A0%"));
  CHECK(contains(trade_off, ">A</text>"));

  const std::string reliability = figure(report, "reliability.svg");
  CHECK(occurrences(reliability, "<circle class=\"f0\"") == 2);  // four images of two confidences
  CHECK(contains(reliability, "Confidence 60.0\u00A0%: 0.0\u00A0% right, 2 images"));
  CHECK(contains(reliability, "Confidence 90.0\u00A0%: 100.0\u00A0% right, 2 images"));
}

TEST_CASE("the confusion matrix has counts and shares of each row") {
  EvaluationReport report = four_images();
  report.predictions.labels = {0, 0, 0, 0};
  report.metrics = compute_metrics(report.predictions, {.bootstrap_samples = 0});
  const std::string svg = figure(report, "confusion.svg");
  CHECK(occurrences(svg, ">2</text>") == 2);
  CHECK(occurrences(svg, ">50\u00A0%</text>") == 2);
  CHECK(occurrences(svg, ">0</text>") == 3);  // both cells of the row without images, and its sum
  CHECK(contains(svg, "MEL, 4 images: MEL 2 (50\u00A0%), NV 2 (50\u00A0%)."));
  CHECK(contains(svg, "NV, 0 images."));
  CHECK(occurrences(svg, "fill-opacity=\"0.310\"") == 2);
  CHECK(contains(svg, "Counts, and their share of the row;"));
  CHECK(contains(svg, "MEL Melanoma, NV Melanocytic nevus"));
}

TEST_CASE("figures without melanomas, and with hostile names, are still figures") {
  EvaluationReport report;
  report.split = "\"><script>alert(1)</script>" + std::string(500, 'x') + "\xff";
  report.predictions.classes = {"NV", "<b>\"quoted\" & long, much longer than a cell</b>", "DF"};
  report.predictions.labels = {0, 1, 0, 1};
  report.predictions.probabilities = {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0};
  report.metrics = compute_metrics(report.predictions, {.bootstrap_samples = 0});
  for (const FigureFile& file : evaluation_figures(report)) {
    INFO(file.name);
    CHECK(testing::first_markup_fault(file.svg) == "");
    CHECK_FALSE(contains(file.svg, "<script"));
    CHECK(contains(file.svg, "...</text>"));
    CHECK_FALSE(std::regex_search(file.svg, std::regex("\\bnan\\b")));
  }
  CHECK(contains(figure(report, "roc.svg"), "Malignant: no images of it, or no others"));
}

TEST_CASE("long texts are cut between characters") {
  CHECK(html::shortened("abcdef", 6) == "abcdef");
  CHECK(html::shortened("abcdefg", 6) == "abc...");
  CHECK(html::shortened("\u00E4\u00F6\u00FC\u00E4\u00F6\u00FC", 6) == "\u00E4\u00F6\u00FC\u00E4\u00F6\u00FC");
  CHECK(html::shortened("\u00E4\u00F6\u00FC\u00E4\u00F6\u00FC\u00E4", 6) == "\u00E4\u00F6\u00FC...");
}
