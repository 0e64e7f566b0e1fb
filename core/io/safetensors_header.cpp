#include "core/io/safetensors_header.h"

#include <limits>
#include <unordered_set>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace dermdistill {
namespace {

using nlohmann::json;

constexpr std::string_view kMetadataKey = "__metadata__";

// Receives nlohmann's events. The levels are: 1 the header, 2 one tensor or the metadata, 3 an array of numbers.
class HeaderReader : public nlohmann::json_sax<json> {
 public:
  explicit HeaderReader(std::string_view file) : file_(file) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t) override {
    if (depth_ == 1) {
      if (!in_metadata_) header_.entries.push_back({key_, {}, {}, 0, 0});
      fields_.clear();
    } else if (depth_ != 0) {
      refuse("an object");
    }
    ++depth_;
    return true;
  }

  bool key(string_t& text) override {
    if (depth_ == 1) {
      if (!names_.insert(text).second) fail("\"" + text + "\" occurs twice in the header", "each name once");
      in_metadata_ = text == kMetadataKey;
      key_ = std::move(text);
      return true;
    }
    if (!fields_.insert(text).second) fail("\"" + text + "\" occurs twice in \"" + key_ + "\"", "each field once");
    if (!in_metadata_ && text != "dtype" && text != "shape" && text != "data_offsets")
      fail("tensor \"" + key_ + "\" has an unknown field \"" + text + "\"", "dtype, shape and data_offsets");
    field_ = std::move(text);
    return true;
  }

  bool end_object() override {
    --depth_;
    if (depth_ != 1 || in_metadata_) return true;
    for (const char* field : {"dtype", "shape", "data_offsets"})
      if (!fields_.count(field))
        fail("tensor \"" + key_ + "\" lacks the field " + field, "dtype, shape and data_offsets");
    return true;
  }

  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_metadata_ || field_ == "dtype") refuse("an array");
    ++depth_;
    offsets_read_ = 0;
    return true;
  }

  bool end_array() override {
    --depth_;
    if (field_ == "data_offsets" && offsets_read_ != 2) fail_offsets();
    return true;
  }

  bool string(string_t& text) override {
    if (depth_ == 2 && in_metadata_) {
      header_.metadata[field_] = std::move(text);
    } else if (depth_ == 2 && field_ == "dtype") {
      if (!parse_dtype(text, header_.entries.back().dtype))
        fail("tensor \"" + key_ + "\" has the unknown dtype \"" + text + "\"",
             "BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64 or U64");
    } else {
      refuse("a string");
    }
    return true;
  }

  bool number_unsigned(number_unsigned_t number) override {
    if (depth_ != 3) refuse("a number");
    TensorEntry& entry = header_.entries.back();
    if (field_ == "shape") {
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail("tensor \"" + key_ + "\" has the dimension " + std::to_string(number), "a dimension below 2^63");
      entry.shape.push_back(static_cast<std::int64_t>(number));
    } else {
      if (offsets_read_ == 2) fail_offsets();
      (offsets_read_++ == 0 ? entry.begin : entry.end) = number;
    }
    return true;
  }

  bool number_integer(number_integer_t) override { return refuse("a negative number"); }
  bool number_float(number_float_t, const string_t& text) override { return refuse("the number " + text); }
  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("true or false"); }
  bool binary(binary_t&) override { return refuse("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail("the header is not valid JSON at byte " + std::to_string(position), "a JSON object in UTF-8");
  }

 private:
  [[noreturn]] void fail(const std::string& problem, std::string_view expected) const {
    throw FormatError(file_, problem, expected);
  }

  [[noreturn]] void fail_offsets() const {
    fail("data_offsets of tensor \"" + key_ + "\" are not two numbers", "[begin, end]");
  }

  // A value of a kind that does not belong where it stands.
  bool refuse(const std::string& kind) const {
    if (depth_ == 0) fail("the header is " + kind, "a JSON object");
    if (in_metadata_)
      fail(depth_ == 1 ? "__metadata__ is " + kind : "__metadata__ \"" + field_ + "\" is " + kind,
           "a map of text to text");
    if (depth_ == 1) fail("the entry of tensor \"" + key_ + "\" is " + kind, "an object");
    fail(field_ + " of tensor \"" + key_ + "\" holds " + kind,
         field_ == "dtype" ? "a string" : "an array of whole numbers that are not negative");
  }

  std::string_view file_;
  SafetensorsHeader header_;
  std::unordered_set<std::string> names_, fields_;
  std::string key_, field_;
  int depth_ = 0, offsets_read_ = 0;
  bool in_metadata_ = false;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::string_view name) {
  if (text.empty() || text.front() != '{')
    throw FormatError(name, "the header does not begin with '{'", "a JSON object");
  // The JSON reader would take a zero byte for the end of the text and not look at what follows.
  if (text.find('\0') != std::string_view::npos)
    throw FormatError(name, "the header holds a zero byte", "a JSON object in UTF-8");
  HeaderReader reader(name);
  json::sax_parse(text.begin(), text.end(), &reader);
  return reader.take();
}

}  // namespace dermdistill
