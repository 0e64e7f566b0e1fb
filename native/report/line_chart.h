// A line chart as SVG that takes its colours from the style sheet around it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace dermdistill::html {

struct ChartPoint {
  double x = 0, y = 0;  // y NaN: a gap
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;  // by rising x
  int colour = 0;                  // 0 to 3
  bool dashed = false;
  bool dots = false;  // mark every point
};

struct ChartAxis {
  std::string label;
  std::optional<double> low, high;  // absent: from the data
  bool logarithmic = false;         // of the y axis; falls back to linear when a value is not positive
  bool whole = false;               // ticks at whole numbers only
  bool percents = false;            // ticks show hundred times the value
};

/// A dot with a letter beside it, for a key under the chart.
struct ChartMarker {
  double x = 0, y = 0;
  std::string letter;
  int colour = 0;
};

struct LineChart {
  std::string description;  // read aloud instead of the picture
  std::vector<ChartSeries> series;
  ChartAxis x, y;
  std::optional<ChartPoint> mark;  // a dashed vertical line with a dot, and `mark_label`
  std::string mark_label;
  std::vector<ChartMarker> markers;
  bool diagonal = false;  // a dashed line from corner to corner
  bool hover = true;      // values under the pointer
  std::vector<ChartPoint>
      columns;              // faint bars behind the lines: x their middle, y their height as a share of the plot
  double column_width = 0;  // in units of x
  int width = 360, height = 220;
};

/// The <svg> element; texts are escaped here. An empty chart says "no data".
std::string line_chart_svg(const LineChart& chart);
/// What is inside of that element, `width` by `height` pixels.
std::string line_chart_content(const LineChart& chart);
/// A row of line samples with names, for charts of more than one series; empty for one.
std::string legend(const std::vector<ChartSeries>& series);

/// Between 2 and about `count` + 1 round numbers (1, 2 or 5 times a power of ten) within [low, high].
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace dermdistill::html
