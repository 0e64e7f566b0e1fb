#include "native/report/line_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "native/report/html.h"

namespace dermdistill::html {
namespace {

constexpr int kMostHoverPoints = 400;  // beyond it the labels under the pointer would be most of the file

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

/// Coordinates need no more than a tenth of a pixel.
std::string pixel(double value) { return number(std::round(value * 10) / 10, 6); }

std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + pixel(value) + "\"";
}

std::string line_element(std::string_view style, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + std::string(style) + "\"" + attribute("x1", x1) + attribute("y1", y1) +
         attribute("x2", x2) + attribute("y2", y2) + "/>";
}

std::string text_element(std::string_view text, double x, double y, std::string_view anchor,
                         std::string_view style = {}) {
  std::string element =
      "<text" + attribute("x", x) + attribute("y", y) + " text-anchor=\"" + std::string(anchor) + "\"";
  if (!style.empty()) element += " class=\"" + std::string(style) + "\"";
  return element + ">" + escape(text) + "</text>";
}

std::string tick_text(const ChartAxis& axis, double value) { return number(axis.percents ? 100 * value : value, 4); }

class Plot {
 public:
  explicit Plot(const LineChart& chart) : chart_(chart) {
    Range x, y;
    for (const ChartSeries& series : chart.series) {
      for (const ChartPoint& point : series.points) {
        if (!std::isfinite(point.y)) continue;
        x.add(point.x);
        y.add(point.y);
      }
    }
    if (chart.x.low) x.add(*chart.x.low);
    if (chart.x.high) x.add(*chart.x.high);
    if (chart.y.low) y.add(*chart.y.low);
    if (chart.y.high) y.add(*chart.y.high);
    empty_ = x.empty() || y.empty();
    if (empty_) return;
    logarithmic_ = chart.y.logarithmic && y.low > 0;
    x_ = widened(x, !chart.x.low && !chart.x.high ? 0.0 : -1.0);
    y_ = logarithmic_ ? widened({std::log10(y.low), std::log10(y.high)}, 0.08)
                      : widened(y, chart.y.low && chart.y.high ? -1.0 : 0.08);
    if (chart.y.low) y_.low = logarithmic_ ? std::log10(*chart.y.low) : *chart.y.low;
    if (chart.y.high) y_.high = logarithmic_ ? std::log10(*chart.y.high) : *chart.y.high;
    make_ticks();
  }

  std::string content() const {
    if (empty_) return text_element("no data", chart_.width / 2.0, chart_.height / 2.0, "middle");
    std::string text = columns() + axes();
    if (chart_.diagonal) text += line_element("reference", left_, bottom(), right(), kTop);
    for (const ChartSeries& series : chart_.series) text += line(series);
    for (const ChartSeries& series : chart_.series) text += hover_points(series);
    return text + mark() + markers();
  }

 private:
  /// A range that is not a point; `margin` is added at both ends as a share, none when it is negative.
  static Range widened(Range range, double margin) {
    if (range.high - range.low < 1e-12 * std::max(1.0, std::abs(range.high))) {
      const double half = range.high == 0 ? 0.5 : std::abs(range.high) * 0.1;
      return {range.low - half, range.high + half};
    }
    const double extra = std::max(0.0, margin) * (range.high - range.low);
    return {range.low - extra, range.high + extra};
  }

  double right() const { return chart_.width - 14.0; }
  double bottom() const { return chart_.height - (chart_.x.label.empty() ? 24.0 : 44.0); }
  double map_x(double x) const { return left_ + (x - x_.low) / (x_.high - x_.low) * (right() - left_); }
  double map_y(double y) const {
    const double value = logarithmic_ ? std::log10(y) : y;
    return bottom() - (value - y_.low) / (y_.high - y_.low) * (bottom() - kTop);
  }

  void make_ticks() {
    x_ticks_ = round_ticks(x_.low, x_.high, chart_.width < 300 ? 4 : 6);
    if (chart_.x.whole) std::erase_if(x_ticks_, [](double tick) { return std::abs(tick - std::round(tick)) > 1e-9; });
    if (chart_.x.whole && x_ticks_.empty()) x_ticks_ = {std::round((x_.low + x_.high) / 2)};
    if (logarithmic_) {
      for (double power = std::floor(y_.low); power <= std::ceil(y_.high); ++power) {
        for (const double digit : {1.0, 2.0, 5.0}) {
          const double exponent = power + std::log10(digit);
          const bool wanted = digit == 1.0 || y_.high - y_.low < 1.6;
          if (wanted && exponent >= y_.low - 1e-9 && exponent <= y_.high + 1e-9)
            y_ticks_.push_back(digit * std::pow(10.0, power));
        }
      }
    } else {
      y_ticks_ = round_ticks(y_.low, y_.high, chart_.height < 200 ? 4 : 5);
    }
    std::size_t longest = 1;
    for (const double tick : y_ticks_) longest = std::max(longest, tick_text(chart_.y, tick).size());
    left_ = 14.0 + 7.2 * static_cast<double>(longest) + (chart_.y.label.empty() ? 0.0 : 16.0);
  }

  std::string axes() const {
    std::string text;
    for (const double tick : y_ticks_) {
      const double y = map_y(tick);
      text +=
          line_element("grid", left_, y, right(), y) + text_element(tick_text(chart_.y, tick), left_ - 7, y + 4, "end");
    }
    for (const double tick : x_ticks_) {
      const double x = map_x(tick);
      text += line_element("axis", x, bottom(), x, bottom() + 4) +
              text_element(tick_text(chart_.x, tick), x, bottom() + 17, x > right() - 8 ? "end" : "middle");
    }
    text += line_element("axis", left_, bottom(), right(), bottom());
    if (!chart_.x.label.empty()) {
      text += text_element(chart_.x.label, (left_ + right()) / 2, chart_.height - 6.0, "middle");
    }
    if (!chart_.y.label.empty()) {
      const std::string middle = pixel((kTop + bottom()) / 2);
      text += "<text x=\"12\" y=\"" + middle + "\" text-anchor=\"middle\" transform=\"rotate(-90 12 " + middle +
              ")\">" + escape(chart_.y.label) + "</text>";
    }
    return text;
  }

  std::string columns() const {
    std::string text;
    for (const ChartPoint& column : chart_.columns) {
      const double height = column.y * (bottom() - kTop);
      if (!(height > 0)) continue;
      const double x = map_x(column.x - chart_.column_width / 2), next = map_x(column.x + chart_.column_width / 2);
      text += "<rect class=\"column\"" + attribute("x", x + 1) + attribute("y", bottom() - height) +
              attribute("width", std::max(1.0, next - x - 2)) + attribute("height", height) + "/>";
    }
    return text;
  }

  std::string line(const ChartSeries& series) const {
    std::string path, dots;
    bool pen_down = false;
    const std::string colour = std::to_string(series.colour);
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const ChartPoint& point = series.points[i];
      if (!drawable(point)) {
        pen_down = false;
        continue;
      }
      path += (path.empty() ? "" : " ") + std::string(pen_down ? "L" : "M") + pixel(map_x(point.x)) + " " +
              pixel(map_y(point.y));
      pen_down = true;
      const bool alone = (i == 0 || !drawable(series.points[i - 1])) &&
                         (i + 1 == series.points.size() || !drawable(series.points[i + 1]));
      if (series.dots || alone) {
        dots += "<circle class=\"f" + colour + "\"" + attribute("cx", map_x(point.x)) +
                attribute("cy", map_y(point.y)) + " r=\"3\"/>";
      }
    }
    if (path.empty()) return {};
    return "<path class=\"line s" + colour + (series.dashed ? " dashed" : "") + "\" d=\"" + path + "\"/>" + dots;
  }

  /// Browsers show a <title> under the pointer: values can be read without any script.
  std::string hover_points(const ChartSeries& series) const {
    if (!chart_.hover || series.points.size() > kMostHoverPoints) return {};
    std::string text;
    for (const ChartPoint& point : series.points) {
      if (!drawable(point)) continue;
      const std::string where = chart_.x.label.empty() ? number(point.x, 4) : chart_.x.label + " " + number(point.x, 4);
      text += "<circle class=\"hit\"" + attribute("cx", map_x(point.x)) + attribute("cy", map_y(point.y)) +
              " r=\"7\"><title>" + escape(series.name + ", " + where + ": " + number(point.y, 4)) + "</title></circle>";
    }
    return text;
  }

  std::string mark() const {
    if (!chart_.mark || !drawable(*chart_.mark)) return {};
    const double x = map_x(chart_.mark->x), y = map_y(chart_.mark->y);
    std::string text = line_element("mark", x, kTop, x, bottom()) + "<circle class=\"f0\"" + attribute("cx", x) +
                       attribute("cy", y) + " r=\"4\"/>";
    if (chart_.mark_label.empty()) return text;
    const bool to_the_left = x > (left_ + right()) / 2;
    return text + text_element(chart_.mark_label, to_the_left ? x - 6 : x + 6, kTop - 4, to_the_left ? "end" : "start",
                               "label");
  }

  struct Place {
    double x = 0, y = 0;
  };

  /// Letters stand beside their dots, where the first free place is.
  std::string markers() const {
    constexpr std::array<Place, 6> kBeside = {{{-12, 15}, {12, -7}, {12, 15}, {-12, -7}, {0, 24}, {0, -14}}};
    constexpr double kFree = 16;
    std::vector<Place> taken;
    for (const ChartMarker& marker : chart_.markers) taken.push_back({map_x(marker.x), map_y(marker.y)});
    std::string text;
    for (std::size_t i = 0; i < chart_.markers.size(); ++i) {
      const ChartMarker& marker = chart_.markers[i];
      const Place dot = taken[i];
      const auto middle = [&](const Place& beside) { return Place{dot.x + beside.x, dot.y + beside.y - 4}; };
      const auto free = [&](const Place& beside) {
        const Place at = middle(beside);
        if (at.x < left_ + 5 || at.x > right() || at.y < kTop - 8 || at.y > bottom() - 5) return false;
        return std::none_of(taken.begin(), taken.end(),
                            [&](const Place& other) { return std::hypot(other.x - at.x, other.y - at.y) < kFree; });
      };
      const auto found = std::find_if(kBeside.begin(), kBeside.end(), free);
      const Place beside = found == kBeside.end() ? kBeside.front() : *found;
      text += "<circle class=\"marker f" + std::to_string(marker.colour) + "\"" + attribute("cx", dot.x) +
              attribute("cy", dot.y) + " r=\"5\"/>" +
              text_element(marker.letter, dot.x + beside.x, dot.y + beside.y, "middle", "letter");
      taken.push_back(middle(beside));
    }
    return text;
  }

  bool drawable(const ChartPoint& point) const {
    return std::isfinite(point.x) && std::isfinite(point.y) && (!logarithmic_ || point.y > 0);
  }

  const LineChart& chart_;
  bool empty_ = false, logarithmic_ = false;
  Range x_, y_;
  std::vector<double> x_ticks_, y_ticks_;
  double left_ = 40;
  static constexpr double kTop = 20;
};

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  if (!std::isfinite(low) || !std::isfinite(high) || !(low < high) || count < 1) return {low};
  const double raw = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * power >= raw * (1 - 1e-9)) {
      step = digit * power;
      break;
    }
  }
  std::vector<double> ticks;
  const double tolerance = 1e-9 * step;
  for (double k = std::ceil((low - tolerance) / step); k * step <= high + tolerance; ++k) {
    ticks.push_back(k == 0 ? 0.0 : k * step);
  }
  return ticks;
}

std::string line_chart_content(const LineChart& chart) { return Plot(chart).content(); }

std::string line_chart_svg(const LineChart& chart) {
  return "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 " + std::to_string(chart.width) + " " +
         std::to_string(chart.height) + "\" aria-label=\"" + escape(chart.description) + "\">" +
         line_chart_content(chart) + "</svg>\n";
}

std::string legend(const std::vector<ChartSeries>& series) {
  if (series.size() < 2) return {};
  std::string text = "<div class=\"legend\">";
  for (const ChartSeries& entry : series) {
    text += "<span><svg viewBox=\"0 0 22 8\" aria-hidden=\"true\"><path class=\"line s" + std::to_string(entry.colour) +
            (entry.dashed ? " dashed" : "") + "\" d=\"M1 4 L21 4\"/></svg>" + escape(entry.name) + "</span>";
  }
  return text + "</div>\n";
}

}  // namespace dermdistill::html
