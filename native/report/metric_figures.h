// The figures and tables of an evaluation as markup, each from the numbers alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/metrics/metrics.h"

namespace dermdistill::html {

/// How a number is shown: shares of images in percent, areas and errors as they are.
enum class NumberStyle { Percent, Plain };

/// "0.812 (0.750 to 0.869)", without the bounds where there are none.
std::string with_interval(const Interval& interval, NumberStyle style);
/// "81.2 %" with "75.0 to 86.9 %" below it, for a table cell; "-" when absent.
std::string interval_cell(const std::optional<Interval>& interval, NumberStyle style);

/// The headline numbers with their intervals drawn as bars; melanoma and balanced accuracy come before accuracy.
std::string headline_tiles(const MetricReport& metrics);
/// True classes down, predicted ones across; counts, and shares of the true class.
std::string confusion_table(const MetricReport& metrics);
/// One small chart a class, and one for the malignant classes together.
std::string roc_charts(const MetricReport& metrics);
std::string precision_recall_charts(const MetricReport& metrics);
std::string reliability_chart(const MetricReport& metrics, const std::optional<Reliability>& before,
                              double temperature);
std::string class_table(const MetricReport& metrics);
/// Sensitivity at set specificities and the reverse, for melanoma and the malignant classes.
std::string screening_table(const MetricReport& metrics);
std::string operating_point_table(const MetricReport& metrics);

}  // namespace dermdistill::html
