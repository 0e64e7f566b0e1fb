#include "native/report/line_chart.h"

#include <cmath>
#include <regex>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "tests/report/markup.h"

using namespace dermdistill;
using html::ChartSeries;
using html::LineChart;
using testing::contains;
using testing::occurrences;

TEST_CASE("ticks are round and lie within the range") {
  CHECK(html::round_ticks(0, 1, 5) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(html::round_ticks(-3, 97, 5) == std::vector<double>{0, 20, 40, 60, 80});
  CHECK(html::round_ticks(2, 2, 5).size() == 1);
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    const double low = random.uniform(-1, 1) * std::pow(10, random.uniform(-6, 6));
    const double high = low + std::pow(10, random.uniform(-6, 6));
    const auto ticks = html::round_ticks(low, high, 5);
    INFO(low << " to " << high);
    REQUIRE(ticks.size() >= 2);
    REQUIRE(ticks.size() <= 7);
    REQUIRE(ticks.front() >= low - 1e-6 * (high - low));
    REQUIRE(ticks.back() <= high + 1e-6 * (high - low));
  }
}

TEST_CASE("a chart holds its lines, its labels and what the pointer shows") {
  LineChart chart;
  chart.description = "loss <by> epoch";
  chart.x.label = "epoch";
  chart.x.whole = true;
  chart.series = {{"training", {{1, 3}, {2, 2}, {3, 1.5}}, 0, false, true},
                  {"validation & co", {{1, 3.5}, {2, 3}, {3, 2.9}}, 1, true, false}};
  chart.mark = html::ChartPoint{3, 2.9};
  chart.mark_label = "best epoch 3";
  const std::string svg = html::line_chart_svg(chart);
  CHECK(testing::first_markup_fault(svg) == "");
  CHECK(occurrences(svg, "<path ") == 2);
  CHECK(occurrences(svg, "<title>") == 6);
  CHECK(contains(svg, "<title>training, epoch 3: 1.5</title>"));
  CHECK(contains(svg, "validation &amp; co, epoch 2: 3"));
  CHECK(contains(svg, "aria-label=\"loss &lt;by&gt; epoch\""));
  CHECK(contains(svg, ">best epoch 3</text>"));
  CHECK_FALSE(contains(svg, ">1.5</text><line class=\"axis\""));  // no half epochs
  const std::string names = html::legend(chart.series);
  CHECK(testing::first_markup_fault(names) == "");
  CHECK(contains(names, "validation &amp; co"));
  CHECK(html::legend({chart.series.front()}).empty());
}

TEST_CASE("points stay inside of the picture, whatever the numbers") {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    LineChart chart;
    ChartSeries series;
    const double scale = std::pow(10, random.uniform(-8, 8));
    for (int i = 0; i < 20; ++i) series.points.push_back({static_cast<double>(i), scale * (random.uniform() + 1e-3)});
    chart.series = {series};
    chart.y.logarithmic = random.chance(0.5);
    const std::string svg = html::line_chart_svg(chart);
    REQUIRE(testing::first_markup_fault(svg) == "");
    const std::regex point(R"([ML](-?[0-9.e+]+) (-?[0-9.e+]+))");
    int points = 0;
    for (std::sregex_iterator match(svg.begin(), svg.end(), point), end; match != end; ++match, ++points) {
      REQUIRE(std::stod((*match)[1]) >= 0);
      REQUIRE(std::stod((*match)[1]) <= chart.width);
      REQUIRE(std::stod((*match)[2]) >= 0);
      REQUIRE(std::stod((*match)[2]) <= chart.height);
    }
    REQUIRE(points == 20);
  }
}

TEST_CASE("gaps, single points, equal values and nothing at all") {
  LineChart chart;
  CHECK(contains(html::line_chart_svg(chart), "no data"));
  chart.series = {{"a", {{1, std::nan("")}}}};
  CHECK(contains(html::line_chart_svg(chart), "no data"));
  chart.series = {{"a", {{1, 2}, {2, std::nan("")}, {3, 4}}}};
  const std::string gap = html::line_chart_svg(chart);
  CHECK(testing::first_markup_fault(gap) == "");
  CHECK(occurrences(gap, "class=\"f0\"") == 2);  // alone on both sides of the gap: drawn as dots
  CHECK_FALSE(contains(gap, "nan"));
  chart.series = {{"a", {{5, 7}}}};
  CHECK(testing::first_markup_fault(html::line_chart_svg(chart)) == "");
  CHECK_FALSE(contains(html::line_chart_svg(chart), "inf"));
  chart.series = {{"a", {{1, 0}, {2, 0}}}};
  CHECK_FALSE(contains(html::line_chart_svg(chart), "nan"));
  chart.y.logarithmic = true;  // zeros have no logarithm
  CHECK_FALSE(contains(html::line_chart_svg(chart), "inf"));
}
