#include "core/learn/exact_text.h"

#include <array>
#include <bit>
#include <charconv>

#include "core/base/error.h"

namespace dermdistill {

StateWord to_word(double value) { return std::bit_cast<StateWord>(value); }

double to_double(StateWord word) { return std::bit_cast<double>(word); }

std::string words_to_text(std::string_view name, const std::vector<StateWord>& words) {
  std::string text(name);
  for (const StateWord word : words) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), word, 16).ptr;
    text.append(" ").append(digits.data(), end);
  }
  return text;
}

std::vector<StateWord> words_from_text(std::string_view text, std::string_view name, std::size_t count) {
  const auto refuse = [&]() {
    throw FormatError("state of " + std::string(name), "\"" + std::string(text) + "\"",
                      "\"" + std::string(name) + "\" and " + std::to_string(count) + " hexadecimal numbers");
  };
  if (text.substr(0, name.size()) != name) refuse();
  text.remove_prefix(name.size());
  std::vector<StateWord> words;
  while (!text.empty()) {
    if (text.front() != ' ' || words.size() == count) refuse();
    text.remove_prefix(1);
    StateWord word = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), word, 16);
    if (error != std::errc{}) refuse();
    words.push_back(word);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (words.size() != count) refuse();
  return words;
}

}  // namespace dermdistill
