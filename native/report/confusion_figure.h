// The confusion matrix as a figure of its own.
#pragma once

#include "core/metrics/metrics.h"
#include "native/report/standalone_svg.h"

namespace dermdistill::html {

/// True classes down, predicted ones across; counts, and shares of the true class. The subtitle is the caller's.
Figure confusion_figure(const MetricReport& metrics);

}  // namespace dermdistill::html
