#include "native/report/html.h"

#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "native/report/style.h"

namespace dermdistill::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string formatted(const char* format, int precision, double value) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), format, precision, value);
  return {text.data(), static_cast<std::size_t>(length)};
}

/// The length of the valid UTF-8 sequence at the start of `text`, 0 when there is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0; };
  const std::uint32_t first = static_cast<std::uint32_t>(byte(0));
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
  if (length <= 1) return length;
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (static_cast<std::uint32_t>(byte(i)) & 0x3Fu);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  const bool no_character = code == 0xFFFE || code == 0xFFFF;
  return code < kLeast[length] || code > 0x10FFFF || surrogate || no_character ? 0 : length;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const char first = text.front();
    const bool control = static_cast<unsigned char>(first) < 0x20 || first == 0x7F;
    if (length == 0 || (control && first != '\n' && first != '\t')) {
      result += kReplacement;
    } else if (first == '&') {
      result += "&amp;";
    } else if (first == '<') {
      result += "&lt;";
    } else if (first == '>') {
      result += "&gt;";
    } else if (first == '"') {
      result += "&quot;";
    } else if (first == '\'') {
      result += "&#39;";
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string number(double value, int digits) {
  return std::isfinite(value) ? formatted("%.*g", digits, value) : std::string("-");
}

std::string fixed(double value, int decimals) {
  return std::isfinite(value) ? formatted("%.*f", decimals, value) : std::string("-");
}

std::string percent(double share, bool unit) {
  if (!std::isfinite(share)) return "-";
  return formatted("%.*f", 1, 100 * share) + (unit ? "\u00A0%" : "");
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-";
  if (seconds < 60) return formatted("%.*f", 1, seconds) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string words(std::string_view identifier) {
  static constexpr std::array<std::string_view, 11> kAbbreviations = {"auc", "ce",  "kd", "ss",  "rkd", "crkd",
                                                                      "ema", "nll", "id", "mel", "ece"};
  std::string result, word;
  const auto finish_word = [&] {
    bool capitals = false;
    for (const auto abbreviation : kAbbreviations) capitals = capitals || word == abbreviation;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const bool raise = capitals || (result.empty() && i == 0);
      const auto letter = static_cast<unsigned char>(word[i]);
      if (raise && letter < 0x80) word[i] = static_cast<char>(std::toupper(letter));
    }
    if (!result.empty() && !word.empty()) result += ' ';
    result += word;
    word.clear();
  };
  for (const char letter : identifier) {
    if (letter == '_' || letter == '-') {
      finish_word();
    } else {
      word += letter;
    }
  }
  finish_word();
  return result;
}

std::string page(std::string_view title, std::string_view body) {
  std::string text =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src "
      "data:\"/>\n<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>";
  text += escape(title);
  text += "</title>\n<style>\n";
  text += kStyle;
  text += "</style>\n</head>\n<body>\n<main>\n";
  text += body;
  text +=
      "<footer><p>DermDistill is research and education software, not a medical device. It must not be used to "
      "diagnose, to treat or to reassure; whoever is worried about a skin change should see a doctor.</p></footer>\n"
      "</main>\n</body>\n</html>\n";
  return text;
}

std::string section(std::string_view heading, std::string_view note, std::string_view content, int level) {
  const std::string tag = "h" + std::to_string(level) + ">";
  std::string text = "<section>\n<" + tag + escape(heading) + "</" + tag + "\n";
  if (!note.empty()) text.append("<p class=\"note\">").append(note).append("</p>\n");
  text.append(content).append("</section>\n");
  return text;
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string text = "<table class=\"facts\"><tbody>\n";
  for (const auto& [name, value] : rows) {
    text += "<tr><th scope=\"row\">" + escape(name) + "</th><td>" + escape(value) + "</td></tr>\n";
  }
  return text + "</tbody></table>\n";
}

}  // namespace dermdistill::html
