#include "native/data/csv.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "core/base/error.h"
#include "native/base/files.h"

namespace dermdistill {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// Walks over the text record by record.
class Reader {
 public:
  Reader(std::string_view text, std::string_view name) : text_(text), name_(name) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::size_t line() const { return line_; }

  /// The next record that is not an empty line, and the line it starts on; false at the end.
  bool record(std::vector<std::string>& cells, std::size_t& start) {
    while (at_ < text_.size()) {
      start = line_;
      cells.clear();
      while (cell(cells)) {
      }
      if (cells.size() > 1 || !cells[0].empty()) return true;
    }
    return false;
  }

 private:
  [[noreturn]] void fail(std::string_view problem, std::string_view expected) const {
    throw FormatError(name_ + " line " + std::to_string(line_), problem, expected);
  }

  /// Reads one cell and the separator behind it; false when that ended the record.
  bool cell(std::vector<std::string>& cells) {
    const auto content = text_.find_first_not_of(" \t", at_);
    if (content != std::string_view::npos && text_[content] == '"') {
      at_ = content;
      cells.push_back(quoted());
    } else {
      const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      const std::string_view raw = text_.substr(at_, end - at_);
      if (raw.find('"') != std::string_view::npos)
        fail("a quote inside a cell that does not begin with one", "a quoted cell");
      cells.push_back(trimmed(raw));
      at_ = end;
    }
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      return true;
    }
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    return false;
  }

  std::string quoted() {
    const std::size_t opened = line_;
    std::string value;
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) {
        line_ = opened;
        fail("a quoted cell is never closed", "a closing quote");
      }
      if (text_[at_] == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
      if (text_[at_] == '\n') ++line_;
      value += text_[at_];
    }
    at_ = std::min(text_.find_first_not_of(" \t", at_ + 1), text_.size());
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\r' && text_[at_] != '\n') {
      fail("text behind a closing quote", "a comma or the end of the line");
    }
    return value;
  }

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

CsvTable CsvTable::parse(std::string_view text, std::string_view name) {
  CsvTable table;
  table.name_ = name;
  Reader reader(text, name);
  std::vector<std::string> cells;
  std::size_t line = 0;
  if (!reader.record(table.columns_, line))
    throw FormatError(table.name_, "has no header", "a first line with the columns' names");
  std::set<std::string> seen;
  for (const std::string& column : table.columns_) {
    if (!column.empty() && !seen.insert(lower(column)).second) {
      throw FormatError(table.name_, "the column \"" + column + "\" appears twice", "unique column names");
    }
  }
  while (reader.record(cells, line)) {
    if (cells.size() != table.columns_.size()) {
      throw FormatError(table.name_ + " line " + std::to_string(line), "has " + std::to_string(cells.size()) + " cells",
                        std::to_string(table.columns_.size()) + " as in the header");
    }
    std::move(cells.begin(), cells.end(), std::back_inserter(table.cells_));
    table.lines_.push_back(line);
  }
  return table;
}

CsvTable CsvTable::read(const std::filesystem::path& path) { return parse(read_text(path), path.string()); }

std::optional<std::size_t> CsvTable::find(std::span<const std::string_view> names) const {
  for (const std::string_view name : names) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (lower(columns_[i]) == lower(name)) return i;
    }
  }
  return std::nullopt;
}

std::size_t CsvTable::require(std::span<const std::string_view> names) const {
  if (const auto column = find(names)) return *column;
  std::string wanted, present;
  for (const std::string_view name : names) wanted += (wanted.empty() ? "\"" : " or \"") + std::string(name) + "\"";
  for (const std::string& name : columns_) present += (present.empty() ? "" : ", ") + name;
  throw InputError(name_, "has no column " + wanted + " (it has: " + present + ")", "a header line that names it");
}

std::string_view CsvTable::cell(std::size_t row, std::optional<std::size_t> column) const {
  return column ? std::string_view(cell(row, *column)) : std::string_view();
}

}  // namespace dermdistill
