#include "native/report/standalone_svg.h"

#include "native/report/html.h"

namespace dermdistill::html {
namespace {

constexpr int kHeader = 58, kGap = 12, kKeyRow = 21, kMargin = 16, kInset = 8;
constexpr double kWidthOfLetter = 6.6;  // of 13 px text, about the mean

/// No custom properties: not every program that shows SVG knows them. The figure has its own paper, as a picture in a
/// page cannot know whether that page is light or dark.
constexpr std::string_view kFigureStyle = R"css(
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; fill: #59616a; }
.paper { fill: #ffffff; stroke: #d8d4ce; } .title { font-size: 16px; font-weight: 600; fill: #22262b; } .key, .label { fill: #22262b; }
.grid { stroke: #e6e3de; } .axis { stroke: #8b9199; } .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
.reference { fill: none; stroke: #6d747c; stroke-dasharray: 3 4; } .dashed { stroke-dasharray: 6 4; } .column { fill: #cfe2ea; }
.s0 { stroke: #1f6f8b; } .s1 { stroke: #b65a1b; } .f0 { fill: #1f6f8b; } .f1 { fill: #b65a1b; } .hit { fill: none; }
.marker { stroke: #ffffff; stroke-width: 1.5; } .letter { font-weight: 700; fill: #22262b; stroke: #ffffff; stroke-width: 3px; paint-order: stroke; }
.right { fill: #1f6f8b; } .wrong { fill: #b3472f; } .frame { fill: none; stroke: #e6e3de; } .count { fill: #22262b; font-size: 14px; }
.share { fill: #22262b; font-size: 12px; } .head { fill: #22262b; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  text { fill: #a3abb3; } .paper { fill: #161b22; stroke: #343b43; } .title, .key, .label, .count, .share, .head { fill: #e8e6e1; }
  .grid, .frame { stroke: #2b323a; } .axis { stroke: #7a828b; } .reference { stroke: #939ba4; } .column { fill: #23414c; }
  .s0 { stroke: #6bb8d0; } .s1 { stroke: #e8a066; } .f0 { fill: #6bb8d0; } .f1 { fill: #e8a066; }
  .marker { stroke: #161b22; } .letter { fill: #e8e6e1; stroke: #161b22; } .right { fill: #4a9bb8; } .wrong { fill: #d66a50; }
}
)css";

std::string sample_of(const KeyEntry& entry, int x, int y) {
  const auto path = [&](const std::string& style) {
    return "<path class=\"" + style + "\" d=\"M" + std::to_string(x) + " " + std::to_string(y) + " L" +
           std::to_string(x + 24) + " " + std::to_string(y) + "\"/>";
  };
  const std::string colour = std::to_string(entry.colour);
  switch (entry.sample) {
    case KeyEntry::Sample::Line:
      return path("line s" + colour);
    case KeyEntry::Sample::Dashed:
      return path("line dashed s" + colour);
    case KeyEntry::Sample::Reference:
      return path("reference");
    case KeyEntry::Sample::Column:
      return "<rect class=\"column\" x=\"" + std::to_string(x + 7) + "\" y=\"" + std::to_string(y - 7) +
             "\" width=\"10\" height=\"14\"/>";
    case KeyEntry::Sample::Letter:
      return "<circle class=\"marker f" + colour + "\" cx=\"" + std::to_string(x + 5) + "\" cy=\"" + std::to_string(y) +
             "\" r=\"5\"/><text class=\"letter\" x=\"" + std::to_string(x + 14) + "\" y=\"" + std::to_string(y + 5) +
             "\">" + escape(entry.letter) + "</text>";
    case KeyEntry::Sample::None:
      break;
  }
  return {};
}

std::string text_at(std::string_view style, int x, int y, std::string_view text) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\">" +
         escape(text) + "</text>\n";
}

}  // namespace

std::string shortened(std::string_view text, std::size_t most) {
  std::size_t characters = 0, cut = 0;  // where the last three characters that fit would begin
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (characters + 3 == most) cut = i;
    if (++characters > most) return std::string(text.substr(0, cut)) + "...";
  }
  return std::string(text);
}

std::string standalone_svg(const Figure& figure) {
  const int height = kHeader + figure.height + kGap + static_cast<int>(figure.key.size()) * kKeyRow + kMargin;
  const int width = figure.width + kInset;
  const std::string size = std::to_string(width) + "\" height=\"" + std::to_string(height) + "\"";
  const auto fitting = [&](int from) { return static_cast<std::size_t>((width - from - kMargin) / kWidthOfLetter); };
  std::string text =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + size + " viewBox=\"0 0 " + std::to_string(width) + " " +
      std::to_string(height) + "\" role=\"img\" aria-labelledby=\"title description\">\n<title id=\"title\">" +
      escape(figure.title) + "</title>\n<desc id=\"description\">" + escape(figure.description) + "</desc>\n<style>" +
      std::string(kFigureStyle) + "</style>\n<rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"" +
      std::to_string(width - 1) + "\" height=\"" + std::to_string(height - 1) + "\" rx=\"8\"/>\n";
  text += text_at("title", kMargin, 27, figure.title);
  text += text_at("subtitle", kMargin, 47, shortened(figure.subtitle, fitting(kMargin)));
  text += "<g transform=\"translate(" + std::to_string(kInset) + " " + std::to_string(kHeader) + ")\">\n" +
          figure.content + "</g>\n";
  int y = kHeader + figure.height + kGap + kKeyRow / 2;
  for (const KeyEntry& entry : figure.key) {
    const int x = kMargin + (entry.sample == KeyEntry::Sample::None ? 0 : 34);
    text += sample_of(entry, kMargin, y) + text_at("key", x, y + 4, shortened(entry.text, fitting(x)));
    y += kKeyRow;
  }
  return text + "</svg>\n";
}

}  // namespace dermdistill::html
