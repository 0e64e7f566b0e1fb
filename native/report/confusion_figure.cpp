#include "native/report/confusion_figure.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "core/io/model_card.h"
#include "native/report/html.h"

namespace dermdistill::html {
namespace {

constexpr double kDeepestFill = 0.62;  // the ink stays readable on it, in light and in dark
constexpr int kMatrixLeft = 92, kMatrixTop = 44, kCellHeight = 48;
constexpr std::size_t kLongestName = 9;

/// Text that is centred on x unless told otherwise.
std::string cell_text(std::string_view style, int x, int y, std::string_view text, std::string_view anchor = "middle") {
  return "<text class=\"" + std::string(style) + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) +
         "\" text-anchor=\"" + std::string(anchor) + "\">" + escape(text) + "</text>";
}

std::string rectangle(const std::string& style, int x, int y, int width, int height, std::string_view more = {}) {
  return "<rect class=\"" + style + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
         std::to_string(width) + "\" height=\"" + std::to_string(height) + "\" rx=\"3\"" + std::string(more) + "/>";
}

double share_of(std::int64_t count, std::int64_t total) {
  return total > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0.0;
}

std::int64_t total_of(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// "2.4 %" where a whole number would say too little.
std::string row_share(double share) { return fixed(100 * share, share > 0 && share < 0.1 ? 1 : 0) + "\u00A0%"; }

/// What stands under the matrix, with the classes' full names.
std::vector<KeyEntry> confusion_key(const std::vector<std::string>& classes, std::size_t widest) {
  std::vector<KeyEntry> lines = {
      {KeyEntry::Sample::None, "Counts, and their share of the row; blue is right, red is wrong."}};
  for (const std::string& code : classes) {
    const std::string name = full_class_name(code);
    if (name == code) continue;
    std::string entry = code;
    entry.append(" ").append(name);
    if (lines.size() == 1 || lines.back().text.size() + entry.size() + 2 > widest) {
      lines.push_back({KeyEntry::Sample::None, entry});
    } else {
      lines.back().text += ", " + entry;
    }
  }
  return lines;
}

}  // namespace

Figure confusion_figure(const MetricReport& metrics) {
  const int classes = static_cast<int>(metrics.classes.size());
  std::size_t longest = 0;
  for (const std::string& name : metrics.classes) longest = std::max(longest, shortened(name, kLongestName).size());
  const int cell_width = std::max(66, static_cast<int>(9 * longest));
  Figure figure;
  figure.title = "Confusion matrix";
  figure.width = std::max(480, kMatrixLeft + classes * cell_width + 16);
  figure.height = kMatrixTop + classes * kCellHeight + 14;
  figure.key = confusion_key(metrics.classes, static_cast<std::size_t>(figure.width / 7));
  figure.description = "Each true class with the number of its images and what they were taken for.";

  std::string& text = figure.content;
  text += cell_text("axis-name", kMatrixLeft + classes * cell_width / 2, 14, "predicted class");
  const std::string middle = std::to_string(kMatrixTop + classes * kCellHeight / 2);
  text += "<text text-anchor=\"middle\" transform=\"translate(20 " + middle +
          ") rotate(-90)\">true class (images)</text>\n";
  for (int p = 0; p < classes; ++p) {
    const std::string name = shortened(metrics.classes[static_cast<std::size_t>(p)], kLongestName);
    text += cell_text("head", kMatrixLeft + p * cell_width + cell_width / 2, kMatrixTop - 10, name);
  }
  for (int t = 0; t < classes; ++t) {
    const auto truth = static_cast<std::size_t>(t);
    const auto& counts = metrics.confusion[truth];
    const std::int64_t total = total_of(counts);
    const int y = kMatrixTop + t * kCellHeight;
    text += "\n" + cell_text("head", kMatrixLeft - 12, y + 22, shortened(metrics.classes[truth], kLongestName), "end") +
            cell_text("total", kMatrixLeft - 12, y + 39, std::to_string(total), "end");
    figure.description += " " + metrics.classes[truth] + ", " + std::to_string(total) + " images:";
    for (int p = 0; p < classes; ++p) {
      const auto predicted = static_cast<std::size_t>(p);
      const std::int64_t count = counts[predicted];
      const double share = share_of(count, total);
      const int x = kMatrixLeft + p * cell_width;
      const std::string opacity = " fill-opacity=\"" + fixed(kDeepestFill * share, 3) + "\"";
      text += rectangle("frame", x + 1, y + 1, cell_width - 2, kCellHeight - 2);
      if (count > 0)
        text += rectangle(p == t ? "right" : "wrong", x + 1, y + 1, cell_width - 2, kCellHeight - 2, opacity);
      text +=
          cell_text(count > 0 ? "count" : "none", x + cell_width / 2, y + (count > 0 ? 22 : 29), std::to_string(count));
      if (count == 0) continue;
      text += cell_text("share", x + cell_width / 2, y + 39, row_share(share));
      figure.description +=
          " " + metrics.classes[predicted] + " " + std::to_string(count) + " (" + row_share(share) + "),";
    }
    figure.description.back() = '.';
  }
  return figure;
}

}  // namespace dermdistill::html
