// The shell of a report: one page with its style inside, no script, nothing fetched; and safe text for it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/metrics/bootstrap.h"

namespace dermdistill::html {

/// Text for element content and quoted attributes: markup escaped, control characters and broken UTF-8 replaced.
std::string escape(std::string_view text);

/// A number with at most `digits` significant digits, "-" when it is not finite: "0.000125", "1.2e-07", "12.3".
std::string number(double value, int digits = 4);
/// With `decimals` digits behind the point: "0.873".
std::string fixed(double value, int decimals);
/// "87.3 %", without the sign when `unit` is false.
std::string percent(double share, bool unit = true);
/// "1 h 12 min", "3 min 5 s", "4.2 s".
std::string duration(double seconds);

/// "snake_case" as words: "Balanced accuracy", "Macro AUC".
std::string words(std::string_view identifier);

/// A whole page. `title` is escaped here; `body` is markup.
std::string page(std::string_view title, std::string_view body);

/// A section with a heading (escaped), a line under it (markup, may be empty) and its content (markup). `level` 3 is a
/// section within one.
std::string section(std::string_view heading, std::string_view note, std::string_view content, int level = 2);
/// A two-column table; both columns are escaped.
std::string facts(const std::vector<std::pair<std::string, std::string>>& rows);

}  // namespace dermdistill::html
