#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "tests/image/picture_files.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE("JPEG files decode as libjpeg decodes them", "[image]") {
  const auto name = GENERATE("baseline", "progressive", "restart", "grey");
  INFO(name);
  const Image image = decode_image(fixture(std::string(name) + ".jpg"), name);
  // The two libraries round the inverse cosine transform and the colour conversion differently.
  CHECK(largest_difference(image, decode_image(fixture(std::string(name) + ".expected.png"), name)) <= 3);
}

TEST_CASE("PNG files decode exactly", "[image]") {
  const Image picture = decode_image(fixture("picture.png"), "picture.png");
  CHECK(picture.width == 52);
  CHECK(picture.height == 36);
  CHECK(std::vector<int>(picture.rgb.begin(), picture.rgb.begin() + 3) == std::vector<int>{30, 60, 200});
  CHECK(largest_difference(picture, decode_image(fixture("interlaced.png"), "interlaced.png")) == 0);
  CHECK(largest_difference(decode_image(fixture("palette.png"), "palette.png"),
                           decode_image(fixture("palette.expected.png"), "palette.expected.png")) == 0);
}

TEST_CASE("the decoded bits are pinned", "[image]") {
  // These hold on every platform, WebAssembly included: training and browser see the same pixels.
  const auto bits = [](const char* name) {
    const Image image = decode_image(fixture(name), name);
    return hash_of(std::as_bytes(std::span(image.rgb)));
  };
  CHECK(bits("picture.png") == 0x3074d41376919655u);
  CHECK(bits("baseline.jpg") == 0xbfc671f6b82a4cfeu);
  CHECK(bits("progressive.jpg") == 0xd58480136b8faa4au);
  CHECK(bits("grey.jpg") == 0xe706116ebf33542bu);
}

TEST_CASE("grey, transparent and 16-bit PNG become 8-bit RGB", "[image]") {
  const DecodeLimits tiny{100, 1};
  const auto pixels = [&](const PngPicture& picture) {
    const auto rgb = decode_image(png_file(picture), "tiny.png", tiny).rgb;
    return std::vector<int>(rgb.begin(), rgb.end());
  };
  using Values = std::vector<int>;
  CHECK(pixels({2, 1, 8, 0, std::string("\x00\xc8", 2), ""}) == Values{0, 0, 0, 200, 200, 200});
  CHECK(pixels({1, 1, 16, 2, "\x12\xff\x34\x80\x56\x01", ""}) == Values{0x12, 0x34, 0x56});
  CHECK(pixels({1, 1, 16, 0, "\xab\xcd", ""}) == Values{0xab, 0xab, 0xab});
  // Alpha over white: opaque stays, transparent is white, half is the rounded mean.
  CHECK(pixels({3, 1, 8, 6, std::string("\x0a\x14\x1e\xff\x0a\x14\x1e\x00\x00\x64\xff\x80", 12), ""}) ==
        Values{10, 20, 30, 255, 255, 255, 127, 177, 255});
  CHECK(pixels({2, 1, 8, 4, std::string("\x40\xff\x40\x00", 4), ""}) == Values{64, 64, 64, 255, 255, 255});
  // A colour declared transparent (tRNS) is white too.
  CHECK(pixels({2, 1, 8, 2, "\x01\x02\x03\x04\x05\x06", png_chunk("tRNS", std::string("\0\1\0\2\0\3", 6))}) ==
        Values{255, 255, 255, 4, 5, 6});
}

TEST_CASE("an empty file is refused", "[image][bad-input]") {
  CHECK(decode_error({}) == "lesion.jpg: is empty; expected a JPEG or PNG file");
}

TEST_CASE("files of other kinds are refused by name", "[image][bad-input]") {
  const std::vector<std::pair<std::string, std::string>> kinds{
      {std::string("\0\0\0\x18", 4) + "ftypheic", "a HEIC picture"},
      {std::string("\0\0\0\x18", 4) + "ftypmif1", "a HEIC picture"},
      {std::string("\0\0\0\x18", 4) + "ftypavif", "an AVIF picture"},
      {std::string("\0\0\0\x18", 4) + "ftypisom", "a video"},
      {"RIFF\x10\x20\x30\x40WEBPVP8 ", "a WebP picture"},
      {"GIF89a", "a GIF picture"},
      {"BM\x10\x20", "a BMP picture"},
      {std::string("II*\0\x08", 5), "a TIFF picture"},
      {std::string("MM\0*\0", 5), "a TIFF picture"},
      {"%PDF-1.7", "a PDF document"},
      {std::string(128, '\0') + "DICM", "a DICOM file"},
      {"<!DOCTYPE html>", "a web page"},
      {"PK\x03\x04zip", "a ZIP archive"},
      {"hello", "is not a picture"},
  };
  for (const auto& [start, meaning] : kinds) {
    for (const std::size_t padding : {0, 500}) {
      const std::string message = decode_error(to_bytes(start + std::string(padding, 'x')));
      CHECK_THAT(message, Contains(meaning) && Contains("lesion.jpg") && Contains("expected a JPEG or PNG file"));
    }
  }
}

TEST_CASE("a file cut at any length is refused", "[image][bad-input]") {
  const auto name =
      GENERATE("baseline.jpg", "progressive.jpg", "restart.jpg", "grey.jpg", "picture.png", "interlaced.png");
  const Bytes file = fixture(name);
  for (std::size_t length = 1; length < file.size(); ++length) {
    INFO(name << " cut to " << length << " of " << file.size());
    // A copy, so that a sanitizer sees every byte read behind the end.
    const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
    REQUIRE_THAT(decode_error(cut), Contains("truncated"));
  }
  CHECK(decode_error(file).empty());
}

TEST_CASE("bytes behind the end of a picture do not matter", "[image]") {
  const auto name = GENERATE("baseline.jpg", "progressive.jpg", "picture.png");
  Bytes file = fixture(name);
  const Image expected = decode_image(file, name);
  const Bytes garbage = to_bytes(std::string("\xff\xd8\xff\xe0 garbage \0", 15));
  file.insert(file.end(), garbage.begin(), garbage.end());
  CHECK(largest_difference(decode_image(file, name), expected) == 0);
}

TEST_CASE("the pixel limit holds before anything is decoded", "[image][bad-input]") {
  // Both files claim 30,000 x 30,000 pixels and hold almost none.
  const Bytes png = png_file({30000, 30000, 8, 2, "", ""});
  CHECK(decode_error(png) == "lesion.jpg: has 30000 x 30000 pixels; expected at most 100000000 pixels");
  Bytes jpeg = fixture("baseline.jpg");
  const Bytes frame = to_bytes(std::string("\xff\xc0\x00\x11\x08", 5));
  const auto found = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end());
  REQUIRE(found != jpeg.end());
  const Bytes side = to_bytes("\x75\x30\x75\x30");
  std::copy(side.begin(), side.end(), found + 5);
  CHECK(decode_error(jpeg) == "lesion.jpg: has 30000 x 30000 pixels; expected at most 100000000 pixels");
  CHECK_THAT(decode_error(fixture("picture.png"), {52 * 36 - 1, 16}), Contains("52 x 36") && Contains("at most 1871"));
  CHECK(decode_error(fixture("picture.png"), {52 * 36, 16}).empty());
}

TEST_CASE("a picture that is too small is refused", "[image][bad-input]") {
  CHECK(decode_error(png_file({1, 1, 8, 2, "abc", ""})) ==
        "lesion.jpg: has 1 x 1 pixels; expected at least 16 x 16 pixels");
  CHECK_THAT(decode_error(png_file({15, 16, 8, 0, std::string(240, 'a'), ""})), Contains("15 x 16"));
  CHECK(decode_error(png_file({16, 16, 8, 0, std::string(256, 'a'), ""})).empty());
}

TEST_CASE("kinds of JPEG that are not decoded are named", "[image][bad-input]") {
  CHECK_THAT(decode_error(fixture("cmyk.jpg")),
             Contains("CMYK JPEG") && Contains("expected a baseline or progressive"));
  const auto with_frame = [](char marker, char bits) {
    Bytes file = fixture("baseline.jpg");
    const Bytes frame = to_bytes(std::string("\xff\xc0\x00\x11\x08", 5));
    const auto found = std::search(file.begin(), file.end(), frame.begin(), frame.end());
    found[1] = static_cast<std::byte>(marker);
    found[4] = static_cast<std::byte>(bits);
    return decode_error(file);
  };
  CHECK_THAT(with_frame('\xc3', 8), Contains("lossless JPEG"));
  CHECK_THAT(with_frame('\xc6', 8), Contains("hierarchical JPEG"));
  CHECK_THAT(with_frame('\xc9', 8), Contains("arithmetic-coded JPEG"));
  CHECK_THAT(with_frame('\xc1', 12), Contains("12 bits a sample"));
}

TEST_CASE("a JPEG whose tables are missing or too large is refused", "[image][bad-input]") {
  const Bytes file = fixture("baseline.jpg");
  const std::string text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::size_t table = text.find(std::string("\xff\xc4", 2));
  REQUIRE(table != std::string::npos);
  const auto with_counts = [&](char counts) {  // counts of the codes of 1 to 16 bits
    std::string damaged = text;
    damaged.replace(table + 5, 16, std::string(16, counts));
    return decode_error(to_bytes(damaged));
  };
  CHECK_THAT(with_counts('\x11'), Contains("a Huffman table does not fit its segment"));
  CHECK_THAT(with_counts('\xff'), Contains("a Huffman table does not fit its segment"));
  const auto without = [&](char marker) {  // the segments become comments
    std::string damaged = text;
    for (std::size_t at = 0; (at = damaged.find(std::string("\xff") + marker, at)) != std::string::npos;)
      damaged[at + 1] = '\xfe';
    return decode_error(to_bytes(damaged));
  };
  CHECK_THAT(without('\xc4'), Contains("Huffman or quantisation tables are missing"));
  CHECK_THAT(without('\xdb'), Contains("Huffman or quantisation tables are missing"));
}

TEST_CASE("damaged PNG files are refused", "[image][bad-input]") {
  Bytes flipped = fixture("picture.png");
  flipped[flipped.size() / 2] ^= std::byte{1};
  CHECK_THAT(decode_error(flipped), Contains("checksum of its IDAT chunk"));
  const std::string signature = "\x89PNG\r\n\x1a\n", end = png_chunk("IEND", "");
  const std::string header = png_chunk("IHDR", std::string("\0\0\0\x14\0\0\0\x14\x08\x02\0\0\0", 13));
  CHECK_THAT(decode_error(to_bytes(signature + header + end)), Contains("without a picture"));
  CHECK_THAT(decode_error(to_bytes(signature + end)), Contains("does not begin with its header"));
  CHECK_THAT(decode_error(to_bytes(signature + png_chunk("CgBI", "1234") + header + end)), Contains("CgBI"));
  const auto picture = [&](const std::string& data) {
    return decode_error(to_bytes(signature + header + png_chunk("IDAT", data) + end));
  };
  CHECK_THAT(picture(zlib_stored(std::string(100, '\0'))), Contains("damaged PNG") && Contains("cannot be decoded"));
  CHECK_THAT(picture("not zlib at all"), Contains("damaged PNG"));
}

TEST_CASE("a PNG whose data unpacks to far more than its size needs is refused", "[image][bad-input]") {
  // 20 x 20 pixels, 40 MB of stored zeros: memory for the picture's own size must be enough.
  const std::string header = png_chunk("IHDR", std::string("\0\0\0\x14\0\0\0\x14\x08\x02\0\0\0", 13));
  // One deflate block with fixed codes: a zero, then length 258 at distance 1 repeated.
  std::string bits =
      "110"
      "00110000";  // last block, fixed codes, literal 0
  for (int i = 0; i < 160'000; ++i)
    bits +=
        "11000101"
        "00000";  // length 258, distance 1
  bits += "0000000";
  while (bits.size() % 8) bits += '0';
  std::string data = "\x78\x01";
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    int byte = 0;
    for (int bit = 0; bit < 8; ++bit) byte |= (bits[i + static_cast<std::size_t>(bit)] - '0') << bit;
    data += static_cast<char>(byte);
  }
  const std::string message =
      decode_error(to_bytes("\x89PNG\r\n\x1a\n" + header + png_chunk("IDAT", data + "abcd") + png_chunk("IEND", "")));
  CHECK_THAT(message, Contains("cannot be decoded (outofmem)"));
}

TEST_CASE("damaged bytes give an error or a picture of the right size, never a crash", "[image][bad-input]") {
  const auto name =
      GENERATE("baseline.jpg", "progressive.jpg", "restart.jpg", "grey.jpg", "cmyk.jpg", "picture.png", "palette.png");
  const Bytes file = fixture(name);
  Random random(7, hash_of(file));
  for (int i = 0; i < 400; ++i) {
    Bytes damaged = file;
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t j = 0; j < changes; ++j)
      damaged[random.below(damaged.size())] = static_cast<std::byte>(random.below(256));
    try {
      const Image image = decode_image(damaged, name, {1'000'000, 1});
      REQUIRE(image.rgb.size() == static_cast<std::size_t>(image.width) * image.height * 3);
    } catch (const FormatError& error) {
      REQUIRE_THAT(error.what(), Contains(name));
    }
  }
}

TEST_CASE("real dermoscopic pictures decode", "[image][data]") {
  const auto small = data_dir() / "isic2019_84" / "ISIC_2019_Training_Input", large = data_dir() / "fullsize_sample";
  if (!std::filesystem::exists(small) || !std::filesystem::exists(large)) {
    skip("no real images in " + data_dir().string() + " (set DERMDISTILL_DATA)");
    return;
  }
  const auto decode_some = [](const std::filesystem::path& folder, int most, int width, int height) {
    int decoded = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".jpg") continue;
      const Image image = decode_image(load(entry.path()), entry.path().string());
      CHECK(image.width == width);
      CHECK(image.height == height);
      // Skin fills these frames: a decoder gone wrong shows as a flat or extreme picture.
      const auto [low, high] = std::minmax_element(image.rgb.begin(), image.rgb.end());
      CHECK(*high - *low > 20);
      if (++decoded == most) break;
    }
    return decoded;
  };
  CHECK(decode_some(small, 200, 84, 84) == 200);
  CHECK(decode_some(large, std::numeric_limits<int>::max(), 600, 450) == 25);
}
