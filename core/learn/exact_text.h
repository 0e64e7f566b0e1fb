// State as text that restores the same bits: "NAME value value ...", doubles as the hexadecimal of their bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

/// One value of a state: a double's bits or an integer, as the module defines.
using StateWord = std::uint64_t;

StateWord to_word(double value);
double to_double(StateWord word);

std::string words_to_text(std::string_view name, const std::vector<StateWord>& words);
/// @throws FormatError unless the text is `name` and exactly `count` words.
std::vector<StateWord> words_from_text(std::string_view text, std::string_view name, std::size_t count);

}  // namespace dermdistill
