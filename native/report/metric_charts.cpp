#include "native/report/metric_charts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "native/report/html.h"

namespace dermdistill::html {
namespace {

ChartSeries reliability_series(const Reliability& reliability, std::string name, int colour, bool dashed) {
  ChartSeries series;
  series.name = std::move(name);
  series.colour = colour;
  series.dashed = dashed;
  series.dots = true;
  for (const ReliabilityBin& bin : reliability.bins) {
    if (bin.count > 0) series.points.push_back({bin.mean_confidence, bin.accuracy});
  }
  return series;
}

}  // namespace

std::string target_name(const std::string& target) {
  if (target == kMelanomaClass) return "Melanoma";
  return target == kMalignantTarget ? "Malignant" : target;
}

LineChart unit_square(std::string description, std::string x, std::string y, int width, int height) {
  LineChart chart;
  chart.description = std::move(description);
  chart.x = {std::move(x), 0.0, 1.0};
  chart.y = {std::move(y), 0.0, 1.0};
  chart.width = width;
  chart.height = height;
  return chart;
}

ChartSeries thinned(std::string name, const std::vector<double>& x, const std::vector<double>& y) {
  ChartSeries series;
  series.name = std::move(name);
  constexpr double kStep = 1.0 / 250;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool last = i + 1 == x.size();
    if (!series.points.empty() && !last) {
      const ChartPoint& before = series.points.back();
      if (std::abs(x[i] - before.x) < kStep && std::abs(y[i] - before.y) < kStep) continue;
    }
    series.points.push_back({x[i], y[i]});
  }
  return series;
}

LineChart reliability_lines(const MetricReport& metrics, const std::optional<Reliability>& before, double temperature,
                            int width, int height) {
  LineChart chart = unit_square("Reliability diagram", "confidence", "share that is right", width, height);
  chart.diagonal = true;
  const auto images = static_cast<double>(std::max<std::int64_t>(1, metrics.images));
  for (const ReliabilityBin& bin : metrics.reliability.bins) {
    chart.columns.push_back({(bin.low + bin.high) / 2, static_cast<double>(bin.count) / images});
    chart.column_width = bin.high - bin.low;
  }
  const std::string after = before ? "after temperature " + number(temperature, 3) : "confidence against truth";
  if (before) chart.series.push_back(reliability_series(*before, "before temperature", 1, true));
  chart.series.push_back(reliability_series(metrics.reliability, after, 0, false));
  return chart;
}

}  // namespace dermdistill::html
