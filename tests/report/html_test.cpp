#include "native/report/html.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "tests/report/markup.h"

using namespace dermdistill;
using testing::first_markup_fault;

TEST_CASE("the reader of these tests finds faults") {
  CHECK(first_markup_fault("<p>a &amp; b<br/></p>").empty());
  CHECK_FALSE(first_markup_fault("<p>").empty());
  CHECK_FALSE(first_markup_fault("<p></b></p>").empty());
  CHECK_FALSE(first_markup_fault("a & b").empty());
  CHECK_FALSE(first_markup_fault("a < b").empty());
  CHECK_FALSE(first_markup_fault("<p class=x></p>").empty());
  CHECK_FALSE(first_markup_fault("<p class=\"a\"onload=\"b\"></p>").empty());
  CHECK(testing::first_outside_reference("<img src=\"data:image/png;base64,AA==\"/>").empty());
  CHECK_FALSE(testing::first_outside_reference("<img src=\"x.png\"/>").empty());
  CHECK_FALSE(testing::first_outside_reference("<p onclick=\"x\">").empty());
}

TEST_CASE("text cannot leave its place") {
  CHECK(html::escape("<script>alert('1')</script>") == "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
  CHECK(html::escape("a\" onerror=\"b & c") == "a&quot; onerror=&quot;b &amp; c");
}

TEST_CASE("text stays readable UTF-8") {
  const std::string replacement = "\xEF\xBF\xBD";
  CHECK(html::escape("naïve 皮膚 \xF0\x9F\x99\x82") == "naïve 皮膚 \xF0\x9F\x99\x82");
  CHECK(html::escape("a\xFFz") == "a" + replacement + "z");
  CHECK(html::escape("\xC0\xAF") == replacement + replacement);                    // overlong
  CHECK(html::escape("\xED\xA0\x80") == replacement + replacement + replacement);  // surrogate
  CHECK(html::escape("\xE7\x9A") == replacement + replacement);                    // cut off
  CHECK(html::escape(std::string_view("a\0b\x1b", 4)) == "a" + replacement + "b" + replacement);
  CHECK(html::escape("line\nbreak\t") == "line\nbreak\t");
}

TEST_CASE("numbers are written for people") {
  CHECK(html::number(0.000125) == "0.000125");
  CHECK(html::number(12345.678) == "1.235e+04");
  CHECK(html::number(std::nan("")) == "-");
  CHECK(html::fixed(0.8766, 3) == "0.877");
  CHECK(html::percent(0.8766) == "87.7\u00A0%");
  CHECK(html::percent(0.8766, false) == "87.7");
  CHECK(html::duration(4.24) == "4.2 s");
  CHECK(html::duration(185) == "3 min 5 s");
  CHECK(html::duration(4330) == "1 h 12 min");
  CHECK(html::words("balanced_accuracy") == "Balanced accuracy");
  CHECK(html::words("macro_auc") == "Macro AUC");
  CHECK(html::words("rkd_distance") == "RKD distance");
  CHECK(html::words("__x") == "X");
}

TEST_CASE("a page is well-formed and keeps to itself") {
  const std::string page =
      html::page("<title> & \"more\"", html::section("A & B", "note", html::facts({{"<k>", "\"v\""}})));
  CHECK(first_markup_fault(page) == "");
  CHECK(testing::first_outside_reference(page) == "");
  CHECK(testing::contains(page, "default-src 'none'"));
  CHECK(testing::contains(page, "research and education software, not a medical device"));
  CHECK(testing::contains(page, "prefers-color-scheme: dark"));
}
