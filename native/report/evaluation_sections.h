// What an evaluation says, without the page around it: reports of evaluations and of trainings both hold it.
#pragma once

#include <string>

#include "native/report/report.h"

namespace dermdistill::html {

/// Headline figures with their intervals, then confusion matrix, classes, screening, operating points, ROC,
/// reliability, worst mistakes and what was evaluated, each under a heading of `level`.
/// @throws InputError when predictions and metrics do not belong together.
std::string evaluation_sections(const EvaluationReport& report, int level);

}  // namespace dermdistill::html
