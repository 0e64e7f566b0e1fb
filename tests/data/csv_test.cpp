#include "native/data/csv.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/data/files.h"

using Catch::Matchers::Contains;
using dermdistill::CsvTable;
using dermdistill::FormatError;
using dermdistill::InputError;
using dermdistill::testing::message_of;

TEST_CASE("a table is read whatever its line ends, quotes and blanks are") {
  const CsvTable table =
      CsvTable::parse("\xEF\xBB\xBFimage, \"Age\" ,site\r\nA,55,\"head, \"\"left\"\"\"\r\n\r\nB ,, torso", "t.csv");
  REQUIRE(table.rows() == 2);
  CHECK(table.columns() == std::vector<std::string>{"image", "Age", "site"});
  CHECK(table.cell(0, std::size_t{2}) == "head, \"left\"");
  CHECK(table.cell(1, std::size_t{0}) == "B");
  CHECK(table.cell(1, std::size_t{1}).empty());
  CHECK(table.cell(1, std::size_t{2}) == "torso");
  CHECK(table.line(0) == 2);
  CHECK(table.line(1) == 4);
  CHECK(table.find("AGE").value() == 1);
  CHECK_FALSE(table.find("sex"));
  CHECK(table.cell(0, table.find("sex")).empty());
}

TEST_CASE("a quoted cell may hold line ends") {
  const CsvTable table = CsvTable::parse("a,b\n\"x\ny\",1\nz,2\n", "t.csv");
  REQUIRE(table.rows() == 2);
  CHECK(table.cell(0, std::size_t{0}) == "x\ny");
  CHECK(table.line(1) == 4);
}

TEST_CASE("a malformed table is refused with its line") {
  const auto message = [](const char* text) {
    return message_of<FormatError>([&] { CsvTable::parse(text, "t.csv"); });
  };
  CHECK_THAT(message(""), Contains("t.csv") && Contains("no header"));
  CHECK_THAT(message("a,b\n1,2\n3\n"),
             Contains("t.csv line 3") && Contains("1 cells") && Contains("2 as in the header"));
  CHECK_THAT(message("a,b\n1,2,3\n"), Contains("line 2") && Contains("3 cells"));
  CHECK_THAT(message("a,b\n1,\"2\n3,4\n"), Contains("line 2") && Contains("never closed"));
  CHECK_THAT(message("a,b\n1,\"2\"x\n"), Contains("line 2") && Contains("behind a closing quote"));
  CHECK_THAT(message("a,b\n1,2\"x\n"), Contains("line 2") && Contains("quote inside"));
  CHECK_THAT(message("a,b,A\n"), Contains("\"A\" appears twice"));
}

TEST_CASE("a column that is required and absent is named with those there are") {
  const CsvTable table = CsvTable::parse("id,age\n1,2\n", "t.csv");
  constexpr std::array<std::string_view, 2> names{"image", "image_id"};
  CHECK_THAT(message_of<InputError>([&] { table.require(names); }),
             Contains("\"image\" or \"image_id\"") && Contains("id, age"));
}
