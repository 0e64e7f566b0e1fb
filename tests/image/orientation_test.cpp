#include "core/image/orientation.h"

#include <map>

#include <catch2/catch.hpp>

#include "tests/image/picture_files.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

// Each letter one pixel.
Image from_rows(const std::vector<std::string>& rows) {
  Image image{static_cast<int>(rows[0].size()), static_cast<int>(rows.size()), {}};
  for (const std::string& row : rows)
    for (const char letter : row)
      for (int channel = 0; channel < 3; ++channel)
        image.rgb.push_back(static_cast<std::uint8_t>(letter + 50 * channel));
  return image;
}

const std::string kExif("Exif\0\0", 6);

}  // namespace

TEST_CASE("orient undoes each of the eight EXIF orientations", "[image]") {
  // EXIF 2.3, tag 0x0112, says where the stored row 0 and column 0 belong; this picture is stored as
  //   abc
  //   def
  const Image stored = from_rows({"abc", "def"});
  const std::map<int, std::vector<std::string>> seen{
      {1, {"abc", "def"}},      // top, left
      {2, {"cba", "fed"}},      // top, right
      {3, {"fed", "cba"}},      // bottom, right
      {4, {"def", "abc"}},      // bottom, left
      {5, {"ad", "be", "cf"}},  // left, top
      {6, {"da", "eb", "fc"}},  // right, top
      {7, {"fc", "eb", "da"}},  // right, bottom
      {8, {"cf", "be", "ad"}},  // left, bottom
  };
  for (const auto& [orientation, rows] : seen) {
    INFO("orientation " << orientation);
    CHECK(largest_difference(orient(stored, orientation), from_rows(rows)) == 0);
  }
}

TEST_CASE("orient refuses other numbers", "[image][bad-input]") {
  const Image image = from_rows({"ab"});
  CHECK_THROWS_WITH(orient(image, 0), Contains("EXIF orientation: 0 does not exist; expected 1 to 8"));
  CHECK_THROWS_WITH(orient(image, 9), Contains("9 does not exist"));
}

TEST_CASE("the orientation of JPEG and PNG files is found and applied", "[image]") {
  const bool little_endian = GENERATE(true, false);
  const int orientation = GENERATE(1, 2, 3, 4, 5, 6, 7, 8);
  INFO("orientation " << orientation << (little_endian ? ", little" : ", big") << " endian");
  const std::string block = exif_block(orientation, little_endian);

  const Bytes plain = fixture("baseline.jpg"), jpeg = with_app1(plain, kExif + block);
  CHECK(exif_orientation(jpeg) == orientation);
  CHECK(largest_difference(decode_image(jpeg, "a.jpg"), orient(decode_image(plain, "a.jpg"), orientation)) == 0);

  PngPicture picture{20, 16, 8, 2, std::string(20 * 16 * 3, '\0'), ""};
  for (std::size_t i = 0; i < picture.samples.size(); ++i) picture.samples[i] = static_cast<char>(i % 251);
  const Image upright = decode_image(png_file(picture), "a.png");
  picture.extra_chunks = png_chunk("eXIf", block);
  CHECK(exif_orientation(png_file(picture)) == orientation);
  CHECK(largest_difference(decode_image(png_file(picture), "a.png"), orient(upright, orientation)) == 0);
}

TEST_CASE("the limits hold for the stored picture, whatever its orientation", "[image]") {
  const Bytes jpeg = with_app1(fixture("baseline.jpg"), kExif + exif_block(6, true));
  const Image image = decode_image(jpeg, "a.jpg");
  CHECK(image.width == 36);
  CHECK(image.height == 52);
}

TEST_CASE("damaged EXIF blocks leave the picture as it is", "[image][bad-input]") {
  const Bytes plain = fixture("baseline.jpg");
  CHECK(exif_orientation({}) == 1);
  CHECK(exif_orientation(to_bytes("\xff\xd8\xff")) == 1);
  CHECK(exif_orientation(plain) == 1);
  const std::string good = exif_block(6, true);
  for (std::size_t length = 0; length < good.size() - 6; ++length) {
    INFO("block cut to " << length);
    const Bytes jpeg = with_app1(plain, kExif + good.substr(0, length));
    CHECK(exif_orientation(jpeg) == 1);
  }
  for (const int wrong : {0, 9, 255, 65535})
    CHECK(exif_orientation(with_app1(plain, kExif + exif_block(wrong, false))) == 1);
  std::string far = good;
  far[4] = '\xff', far[5] = '\xff', far[6] = '\xff', far[7] = '\xff';  // directory far behind the end
  CHECK(exif_orientation(with_app1(plain, kExif + far)) == 1);
  std::string endless = good;
  endless[8] = '\xff', endless[9] = '\xff',
  endless[22] = '\x13';  // 65,535 entries claimed, none of them the orientation
  CHECK(exif_orientation(with_app1(plain, kExif + endless)) == 1);
  CHECK(exif_orientation(with_app1(plain, "http://ns.adobe.com/xap/1.0/")) == 1);
}
