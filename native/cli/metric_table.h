// A metric report as a table for the terminal.
#pragma once

#include <string>

#include "core/metrics/metrics.h"

namespace dermdistill {

/// Melanoma sensitivity and balanced accuracy first, then the other figures with their intervals, the classes, the
/// operating points and the confusion matrix. Ends with a line break.
std::string metric_table(const MetricReport& report);

}  // namespace dermdistill
