// A strict RFC 4180 reader whose columns are found by name. (Debian's C++ readers want the columns at compile time.)
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

/// A table with a header row. Cells are trimmed of surrounding blanks unless quoted; CRLF, LF, a byte order mark and a
/// missing last line end are accepted, empty lines are skipped.
class CsvTable {
 public:
  /// @throws FormatError naming `name` and the line: an unclosed quote, text behind a closing quote, a row with more or
  /// fewer cells than the header, a column name that appears twice, no header.
  static CsvTable parse(std::string_view text, std::string_view name);
  static CsvTable read(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t rows() const { return lines_.size(); }

  /// The first of these names that is a column; upper and lower case are the same.
  std::optional<std::size_t> find(std::span<const std::string_view> names) const;
  std::optional<std::size_t> find(std::string_view column) const { return find(std::span(&column, 1)); }
  /// @throws InputError that lists the columns there are.
  std::size_t require(std::span<const std::string_view> names) const;

  const std::string& cell(std::size_t row, std::size_t column) const { return cells_[row * columns_.size() + column]; }
  /// The cell, or "" where the column is absent.
  std::string_view cell(std::size_t row, std::optional<std::size_t> column) const;
  /// The line in the file on which the row starts, from 1, for messages.
  std::size_t line(std::size_t row) const { return lines_[row]; }

 private:
  std::string name_;
  std::vector<std::string> columns_;
  std::vector<std::string> cells_;  // row-major
  std::vector<std::size_t> lines_;
};

}  // namespace dermdistill
