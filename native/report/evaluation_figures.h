// The curves of an evaluation as SVG files of their own, for a README or a web page.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "native/report/report.h"

namespace dermdistill {

struct FigureFile {
  std::string name, svg;
};

/// roc.svg, sensitivity-specificity.svg, reliability.svg and confusion.svg.
std::vector<FigureFile> evaluation_figures(const EvaluationReport& report);

/// Writes them into `folder`, which must exist. @throws FileError.
void write_evaluation_figures(const std::filesystem::path& folder, const EvaluationReport& report);

}  // namespace dermdistill
