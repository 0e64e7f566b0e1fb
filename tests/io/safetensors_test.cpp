#include "core/io/safetensors.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

using Bytes = std::vector<std::byte>;

Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string length_field(std::uint64_t length) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += static_cast<char>(length >> (8 * i) & 0xff);
  return text;
}

Bytes file_of(const std::string& header, std::size_t data_bytes) {
  std::string data(data_bytes, '\0');
  for (std::size_t i = 0; i < data_bytes; ++i) data[i] = static_cast<char>(i);
  return to_bytes(length_field(header.size()) + header + data);
}

/// The message of the FormatError that parsing throws; "" when it throws none.
std::string parse_error(const Bytes& bytes) {
  try {
    parse_safetensors(bytes, "weights.safetensors");
  } catch (const FormatError& error) {
    CHECK_THAT(error.what(), Catch::StartsWith("weights.safetensors: "));
    return error.what();
  }
  return "";
}

std::string header_error(const std::string& header, std::size_t data_bytes = 8) {
  return parse_error(file_of(header, data_bytes));
}

// One tensor "a" of four F16 values with these fields.
std::string one(const std::string& fields) { return "{\"a\":{" + fields + "}}"; }

TensorFile random_file(Random& random) {
  TensorFile file;
  const std::uint64_t entries = random.below(4), tensors = random.below(8);
  for (std::uint64_t i = 0; i < entries; ++i)
    file.metadata["key " + std::to_string(random.below(100))] =
        "text \"quoted\"\n\\ \xc3\xa4 " + std::to_string(random.bits());
  for (std::uint64_t i = 0; i < tensors; ++i) {
    StoredTensor tensor;
    tensor.name = "layer." + std::to_string(random.below(1000)) + "/\"\t\xe2\x82\xac" + std::to_string(i);
    tensor.dtype = static_cast<DType>(random.below(13));
    std::size_t count = size_of(tensor.dtype);
    const std::uint64_t rank = random.below(4);
    for (std::uint64_t d = 0; d < rank; ++d) {
      tensor.shape.push_back(static_cast<std::int64_t>(random.below(5)));
      count *= static_cast<std::size_t>(tensor.shape.back());
    }
    for (std::size_t b = 0; b < count; ++b) tensor.bytes.push_back(static_cast<std::byte>(random.below(256)));
    file.tensors.push_back(std::move(tensor));
  }
  return file;
}

StoredTensor stored(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape,
                    const std::string& bytes) {
  return {name, dtype, shape, to_bytes(bytes)};
}

}  // namespace

TEST_CASE("a hand-written file is read", "[io]") {
  const TensorFile file = parse_safetensors(
      file_of(
          R"({"__metadata__":{"format":"pt","k":"ä"},"b":{"dtype":"F32","shape":[],"data_offsets":[6,10]},)"
          R"("a":{"dtype":"BF16","shape":[3,1],"data_offsets":[0,6]},"e":{"shape":[2,0],"dtype":"U8","data_offsets":[6,6]}}  )",
          10),
      "f");
  CHECK(file.metadata == std::map<std::string, std::string>{{"format", "pt"}, {"k", "ä"}});
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "a");
  CHECK(file.tensors[0].dtype == DType::BF16);
  CHECK(file.tensors[0].shape == std::vector<std::int64_t>{3, 1});
  CHECK(file.tensors[0].bytes == to_bytes(std::string("\0\1\2\3\4\5", 6)));
  CHECK(file.tensors[1].name == "e");
  CHECK(file.tensors[1].bytes.empty());
  CHECK(file.tensors[2].shape.empty());
  CHECK(file.find("b")->bytes == to_bytes("\6\7\x08\x09"));
  CHECK(file.find("c") == nullptr);
  CHECK(parse_safetensors(file_of("{}", 0), "f").tensors.empty());
}

TEST_CASE("the bytes are those of the reference implementation", "[io]") {
  // By its rules: metadata first, types by falling rank, then names; no blanks; the header padded to a multiple of 8.
  TensorFile file;
  file.metadata = {{"format", "pt"}};
  file.tensors = {stored("z", DType::F16, {1}, "zz"), stored("b", DType::F32, {1, 1}, "bbbb"),
                  stored("a", DType::F32, {}, "aaaa"), stored("i", DType::I64, {0}, "")};
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"i":{"dtype":"I64","shape":[0],"data_offsets":[0,0]},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]},)"
      R"("z":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  CHECK(serialise_safetensors(file) == to_bytes(length_field(padded.size()) + padded + "aaaabbbbzz"));
}

TEST_CASE("random files survive a round trip", "[io]") {
  Random random(21);
  for (int i = 0; i < 300; ++i) {
    const TensorFile file = random_file(random);
    const Bytes bytes = serialise_safetensors(file);
    const TensorFile back = parse_safetensors(bytes, "f");
    REQUIRE(back.metadata == file.metadata);
    REQUIRE(back.tensors.size() == file.tensors.size());
    for (const StoredTensor& tensor : file.tensors) {
      const StoredTensor* found = back.find(tensor.name);
      REQUIRE(found);
      REQUIRE(found->dtype == tensor.dtype);
      REQUIRE(found->shape == tensor.shape);
      REQUIRE(found->bytes == tensor.bytes);
    }
    REQUIRE(serialise_safetensors(back) == bytes);
  }
}

TEST_CASE("a file cut at any length is refused", "[io][bad-input]") {
  Random random(22);
  TensorFile file = random_file(random);
  file.tensors.push_back(stored("last", DType::U8, {3}, "abc"));
  const Bytes bytes = serialise_safetensors(file);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO(length);
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    REQUIRE_THAT(parse_error(cut), Contains("truncated") || Contains("has only"));
  }
  CHECK(parse_error(bytes).empty());
}

TEST_CASE("damaged files give an error or a consistent file, never a crash", "[io][bad-input]") {
  Random random(23);
  for (int i = 0; i < 3000; ++i) {
    Bytes bytes = serialise_safetensors(random_file(random));
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes)
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    try {
      const TensorFile file = parse_safetensors(bytes, "f");
      REQUIRE(parse_safetensors(serialise_safetensors(file), "f").tensors.size() == file.tensors.size());
    } catch (const FormatError&) {
      SUCCEED("refused");
    }
  }
}

TEST_CASE("a wrong header length is refused", "[io][bad-input]") {
  CHECK_THAT(parse_error({}), Contains("has only 0 bytes; expected a safetensors file"));
  CHECK_THAT(parse_error(to_bytes(length_field(100'000'001) + "{}")),
             Contains("header of 100000001 bytes") && Contains("at most 100 MB"));
  CHECK_THAT(parse_error(to_bytes(length_field(~0ull) + "{}")), Contains("at most 100 MB"));
  CHECK_THAT(parse_error(to_bytes(length_field(3) + "{}")), Contains("ends within its header of 3 bytes"));
  CHECK_THAT(parse_error(to_bytes("\x89PNG\r\n\x1a\n and so on")), Contains("not a safetensors file"));
}

TEST_CASE("a header that is not a JSON object is refused", "[io][bad-input]") {
  CHECK_THAT(header_error(""), Contains("does not begin with '{'"));
  CHECK_THAT(header_error(" {}"), Contains("does not begin with '{'"));
  CHECK_THAT(header_error("[]"), Contains("does not begin with '{'"));
  CHECK_THAT(header_error("{"), Contains("not valid JSON"));
  CHECK_THAT(header_error("{} x"), Contains("not valid JSON"));
  CHECK_THAT(header_error("{'a':1}"), Contains("not valid JSON"));
  CHECK_THAT(header_error("{\"\xff\":1}"), Contains("not valid JSON"));
  CHECK_THAT(header_error(std::string("{}\0{", 4)), Contains("zero byte"));
  CHECK_THAT(header_error("{\"a\":" + std::string(100'000, '[')), Contains("entry of tensor \"a\" is an array"));
}

TEST_CASE("each field of a tensor is checked", "[io][bad-input]") {
  const std::string good = R"("dtype":"F16","shape":[4],"data_offsets":[0,8])";
  CHECK(header_error(one(good)).empty());
  CHECK_THAT(header_error(R"({"a":{)" + good + R"(},"a":{)" + good + "}}"),
             Contains("\"a\" occurs twice in the header"));
  CHECK_THAT(header_error(one(good + R"(,"dtype":"F16")")), Contains("\"dtype\" occurs twice in \"a\""));
  CHECK_THAT(header_error(one(good + R"(,"strides":[1])")), Contains("unknown field \"strides\""));
  CHECK_THAT(header_error(one(R"("shape":[4],"data_offsets":[0,8])")), Contains("tensor \"a\" lacks the field dtype"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","data_offsets":[0,8])")), Contains("lacks the field shape"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[4])")), Contains("lacks the field data_offsets"));
  CHECK_THAT(header_error(R"({"a":7})"), Contains("entry of tensor \"a\" is a number; expected an object"));
  CHECK_THAT(header_error(R"({"a":null})"), Contains("entry of tensor \"a\" is null"));

  CHECK_THAT(header_error(one(R"("dtype":"F12","shape":[4],"data_offsets":[0,8])")),
             Contains("unknown dtype \"F12\"; expected BOOL, U8"));
  CHECK_THAT(header_error(one(R"("dtype":["F16"],"shape":[4],"data_offsets":[0,8])")),
             Contains("dtype of tensor \"a\" holds an array"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":4,"data_offsets":[0,8])")),
             Contains("shape of tensor \"a\" holds a number"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[-4],"data_offsets":[0,8])")),
             Contains("shape of tensor \"a\" holds a negative number"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[4.0],"data_offsets":[0,8])")),
             Contains("holds the number 4.0"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":["4"],"data_offsets":[0,8])")), Contains("holds a string"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[[4]],"data_offsets":[0,8])")), Contains("holds an array"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[{}],"data_offsets":[0,8])")), Contains("holds an object"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[true],"data_offsets":[0,8])")),
             Contains("holds true or false"));
  CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[9223372036854775808],"data_offsets":[0,8])")),
             Contains("a dimension below 2^63"));
  for (const char* offsets : {"[]", "[0]", "[0,8,8]"})
    CHECK_THAT(header_error(one(R"("dtype":"F16","shape":[4],"data_offsets":)" + std::string(offsets))),
               Contains("data_offsets of tensor \"a\" are not two numbers; expected [begin, end]"));
}

TEST_CASE("metadata must be text to text", "[io][bad-input]") {
  CHECK(header_error(R"({"__metadata__":{"k":"v"}})", 0).empty());
  CHECK_THAT(header_error(R"({"__metadata__":{"k":1}})", 0),
             Contains("__metadata__ \"k\" is a number; expected a map of text to text"));
  CHECK_THAT(header_error(R"({"__metadata__":{"k":{"x":"y"}}})", 0), Contains("__metadata__ \"k\" is an object"));
  CHECK_THAT(header_error(R"({"__metadata__":"k"})", 0), Contains("__metadata__ is a string"));
  CHECK_THAT(header_error(R"({"__metadata__":{"k":"v","k":"w"}})", 0),
             Contains("\"k\" occurs twice in \"__metadata__\""));
  CHECK_THAT(header_error(R"({"__metadata__":{},"__metadata__":{}})", 0), Contains("\"__metadata__\" occurs twice"));
}

TEST_CASE("byte ranges must tile the data", "[io][bad-input]") {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"F16","shape":[2],"data_offsets":)" + a +
           R"(},"b":{"dtype":"F16","shape":[2],"data_offsets":)" + b + "}}";
  };
  CHECK(header_error(two("[4,8]", "[0,4]")).empty());
  CHECK_THAT(header_error(two("[0,4]", "[2,6]")),
             Contains("tensor \"b\" begins at byte 2 and overlaps the one before it; expected byte 4"));
  CHECK_THAT(header_error(two("[0,4]", "[0,4]")), Contains("overlaps"));
  CHECK_THAT(header_error(two("[0,4]", "[5,9]"), 9),
             Contains("tensor \"b\" begins at byte 5 and leaves a gap before it; expected byte 4"));
  CHECK_THAT(header_error(two("[1,5]", "[5,9]"), 9), Contains("tensor \"a\" begins at byte 1 and leaves a gap"));
  CHECK_THAT(header_error(two("[0,4]", "[4,8]"), 9), Contains("1 bytes follow the last tensor; expected none"));
  CHECK_THAT(header_error(two("[0,4]", "[4,8]"), 7),
             Contains("bytes 4 to 8 of tensor \"b\" lie out of range") && Contains("at most 7"));
  CHECK_THAT(header_error(two("[0,4]", "[18446744073709551610,18446744073709551614]")), Contains("out of range"));
  CHECK_THAT(header_error(two("[0,4]", "[8,4]")), Contains("bytes 8 to 4 of tensor \"b\" run backwards"));
  CHECK_THAT(header_error("{}"), Contains("8 bytes follow the last tensor"));
}

TEST_CASE("byte ranges must fit the shape", "[io][bad-input]") {
  const auto with_shape = [](const std::string& shape) {
    return header_error(one(R"("dtype":"F16","data_offsets":[0,8],"shape":)" + shape));
  };
  CHECK(with_shape("[2,1,2]").empty());
  CHECK_THAT(with_shape("[2,3]"),
             Contains("bytes 0 to 8 of tensor \"a\" do not fit its shape [2, 3] of F16; expected 12 bytes"));
  CHECK_THAT(with_shape("[]"), Contains("expected 2 bytes"));
  CHECK_THAT(with_shape("[4,0]"), Contains("expected 0 bytes"));
  // 2^62 x 2 x 2 values of two bytes are 8 bytes, when counted modulo 2^64.
  CHECK_THAT(with_shape("[4611686018427387904,2,2]"), Contains("more bytes than can be counted"));
  CHECK_THAT(with_shape("[9223372036854775807]"), Contains("do not fit") || Contains("more bytes"));
}

TEST_CASE("what cannot be written is refused", "[io][bad-input]") {
  const auto write = [](std::vector<StoredTensor> tensors) { return serialise_safetensors({{}, std::move(tensors)}); };
  const StoredTensor good = stored("a", DType::U8, {1}, "x");
  CHECK_THROWS_WITH(write({good, good}), Contains("tensor \"a\": occurs twice"));
  CHECK_THROWS_WITH(write({stored("a", DType::F32, {2}, "abcd")}),
                    Contains("tensor \"a\": has 4 bytes, which do not fit its shape [2] of F32"));
  CHECK_THROWS_WITH(write({stored("a", DType::U8, {-1}, "")}), Contains("do not fit its shape [-1]"));
  CHECK_THROWS_WITH(write({stored("__metadata__", DType::U8, {1}, "x")}), Contains("reserved name"));
  CHECK_THROWS_WITH(write({stored("\xff", DType::U8, {1}, "x")}), Contains("not valid UTF-8"));
  CHECK_THROWS_AS(serialise_safetensors({{{"k", "\xff"}}, {}}), InputError);
}

TEST_CASE("states go into files and come back", "[io]") {
  TensorFile file;
  const StateDict state{{"conv.weight", {2, 1}, {1.5f, -2.25f}}, {"bias", {}, {1e-30f}}};
  add_state(file, state, "model.");
  add_state(file, {{"momentum", {1}, {4.0f}}}, "optimiser.");
  const TensorFile back = parse_safetensors(serialise_safetensors(file), "f");
  const StateDict model = to_state(back, "model.");
  REQUIRE(model.size() == 2);
  for (const NamedTensor& tensor : state) {
    const auto found =
        std::find_if(model.begin(), model.end(), [&](const NamedTensor& other) { return other.name == tensor.name; });
    REQUIRE(found != model.end());
    CHECK(found->shape == tensor.shape);
    CHECK(found->values == tensor.values);
  }
  CHECK(to_state(back).size() == 3);
  CHECK_THROWS_WITH(add_state(file, state, "model."), Contains("\"model.conv.weight\": occurs twice"));
}

TEST_CASE("to_state converts every floating-point type and leaves the rest", "[io]") {
  const double tenth = 0.1;
  std::string f64(8, '\0');
  std::memcpy(f64.data(), &tenth, 8);
  TensorFile file;
  file.tensors = {stored("half", DType::F16, {2}, std::string("\x00\x3c\x00\xc0", 4)),
                  stored("brain", DType::BF16, {1}, "\x40\x40"),
                  stored("double", DType::F64, {1}, f64),
                  stored("steps", DType::I64, {1}, "12345678"),
                  stored("bn.num_batches_tracked", DType::F32, {1}, "1234"),
                  stored("flag", DType::Bool, {1}, "\1")};
  const StateDict state = to_state(file);
  REQUIRE(state.size() == 3);
  CHECK(state[0].values == std::vector<float>{1.0f, -2.0f});
  CHECK(state[1].values == std::vector<float>{3.0f});
  CHECK(state[2].values == std::vector<float>{0.1f});
}

TEST_CASE("published weights are read and written without loss", "[io][data]") {
  const auto path = weights_dir() / "mobilenet_v2_imagenet_trunk.safetensors";
  std::ifstream stream(path, std::ios::binary);
  if (!stream.is_open()) {
    skip("no " + path.string() + " (set DERMDISTILL_WEIGHTS)");
    return;
  }
  const Bytes bytes = to_bytes(std::string(std::istreambuf_iterator<char>(stream), {}));
  const TensorFile file = parse_safetensors(bytes, path.string());
  const StoredTensor* first = file.find("features.0.0.weight");
  REQUIRE(first);
  CHECK(first->shape == std::vector<std::int64_t>{32, 3, 3, 3});
  for (const NamedTensor& tensor : to_state(file))
    for (const float value : tensor.values) REQUIRE(std::isfinite(value));
  const TensorFile back = parse_safetensors(serialise_safetensors(file), "copy");
  REQUIRE(back.tensors.size() == file.tensors.size());
  for (const StoredTensor& tensor : file.tensors) REQUIRE(back.find(tensor.name)->bytes == tensor.bytes);
}
