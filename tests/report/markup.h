// A strict reader of markup: enough to say that a report is well-formed and asks for nothing from outside.
#pragma once

#include <cctype>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill::testing {

/// The first fault, with what stands there; empty when every tag is closed in order, every attribute quoted, every
/// ampersand an entity.
inline std::string first_markup_fault(std::string_view text) {
  static const std::regex tag_form(R"(<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*="[^"<>]*")*)\s*(/?)>)");
  static const std::regex entity_form(R"(&(amp|lt|gt|quot|#39);)");
  constexpr std::string_view kDoctype = "<!DOCTYPE html>";
  std::vector<std::string> open;
  std::size_t place = text.substr(0, kDoctype.size()) == kDoctype ? kDoctype.size() : 0;
  while (place < text.size()) {
    const auto here = [&] { return std::string(text.substr(place, 80)); };
    const char letter = text[place];
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 && letter != '\n' && letter != '\t') return "control character before " + here().substr(1);
    std::cmatch match;
    if (letter == '&') {
      if (!std::regex_search(text.data() + place, text.data() + text.size(), match, entity_form,
                             std::regex_constants::match_continuous)) {
        return "no entity: " + here();
      }
      place += static_cast<std::size_t>(match.length());
    } else if (letter == '<') {
      const std::size_t end = text.find('>', place);
      if (end == std::string_view::npos) return "tag without an end: " + here();
      // Attributes hold no '>' (that is checked by the form), so the tag ends at the first one.
      if (!std::regex_match(text.data() + place, text.data() + end + 1, match, tag_form)) return "no tag: " + here();
      const std::string name = match[2].str();
      if (match[1].length() > 0) {
        if (open.empty() || open.back() != name) return "closes what is not open: " + here();
        open.pop_back();
      } else if (match[4].length() == 0) {
        open.push_back(name);
      }
      place = end + 1;
      if (name == "style" && match[1].length() == 0) place = text.find("</style>", place);
    } else {
      if (letter == '>') return "stray >: " + here();
      ++place;
    }
  }
  return open.empty() ? std::string() : "never closed: " + open.back();
}

/// Anything by which a browser would run or fetch something; empty when there is none.
inline std::string first_outside_reference(const std::string& text) {
  static const std::regex forbidden(
      R"((<script|<link|<iframe|<object|<embed|<base|<form|\son[a-z]+=|javascript:|@import|url\(|https?:|src="(?!data:image/)|href=))",
      std::regex_constants::icase);
  std::smatch match;
  return std::regex_search(text, match, forbidden) ? match.str() : std::string();
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

inline int occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace dermdistill::testing
