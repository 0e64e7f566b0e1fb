// A figure as an SVG file of its own: readable in light and dark, on whatever page it is put, without a script.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dermdistill::html {

/// A line of the key under a figure.
struct KeyEntry {
  enum class Sample { Line, Dashed, Reference, Column, Letter, None };
  Sample sample = Sample::None;
  std::string text;
  int colour = 0;
  std::string letter = {};  // of a Letter
};

struct Figure {
  std::string title, subtitle;
  std::string description;  // the figure in words and numbers, for whoever does not see it
  int width = 0, height = 0;
  std::string content;  // SVG elements in `width` by `height` pixels
  std::vector<KeyEntry> key;
};

/// The whole file. Texts are escaped here; too long ones end in "...".
std::string standalone_svg(const Figure& figure);

/// The text, or its beginning and "..." where it has more than `most` characters (UTF-8).
std::string shortened(std::string_view text, std::size_t most);

}  // namespace dermdistill::html
