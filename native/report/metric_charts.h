// The curves of an evaluation as charts: reports and plots draw the same ones.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/metrics/metrics.h"
#include "native/report/line_chart.h"

namespace dermdistill::html {

/// "Melanoma", "Malignant", or the class's own code.
std::string target_name(const std::string& target);

/// A chart of shares: both axes from 0 to 1.
LineChart unit_square(std::string description, std::string x, std::string y, int width, int height);

/// A curve through these points, of which at most about one a pixel is kept: thousands would only make the file large.
ChartSeries thinned(std::string name, const std::vector<double>& x, const std::vector<double>& y);

/// Confidence against the share that is right, before (where given) and after the temperature, over bars of how many
/// images have that confidence.
LineChart reliability_lines(const MetricReport& metrics, const std::optional<Reliability>& before, double temperature,
                            int width, int height);

}  // namespace dermdistill::html
