#include "native/report/thumbnail.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/image/image.h"
#include "tests/report/picture.h"

using namespace dermdistill;
using testing::bytes_of;
using testing::decode_base64;
using testing::png_picture;

TEST_CASE("base64 is that of RFC 4648") {
  for (const auto& [plain, coded] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                     {"f", "Zg=="},
                                                                                     {"fo", "Zm8="},
                                                                                     {"foo", "Zm9v"},
                                                                                     {"foob", "Zm9vYg=="},
                                                                                     {"fooba", "Zm9vYmE="},
                                                                                     {"foobar", "Zm9vYmFy"}}) {
    CHECK(html::base64(bytes_of(plain)) == coded);
  }
  const std::vector<std::byte> high = {std::byte{0xff}, std::byte{0xfe}, std::byte{0xfb}};
  CHECK(html::base64(high) == "//77");
}

TEST_CASE("a small file of pixels alone is embedded as it is") {
  const auto png = png_picture(32, 24, {});
  const std::string uri = html::thumbnail_uri(png, "a.png");
  CHECK(uri == "data:image/png;base64," + html::base64(png));
}

TEST_CASE("a file with notes is drawn anew without them") {
  const auto png = png_picture(32, 24, "owner: somebody, somewhere");
  REQUIRE(decode_image(png, "a.png").width == 32);
  const std::string uri = html::thumbnail_uri(png, "a.png");
  const std::string prefix = "data:image/jpeg;base64,";
  REQUIRE(uri.substr(0, prefix.size()) == prefix);
  const auto jpeg = decode_base64(uri.substr(prefix.size()));
  const std::string text(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  CHECK(text.find("somebody") == std::string::npos);
  const Image image = decode_image(jpeg, "thumbnail");
  CHECK(image.width == 32);
  CHECK(image.height == 24);
  // A bare JPEG is then embedded as it is.
  CHECK(html::thumbnail_uri(jpeg, "b.jpg") == uri);
}

TEST_CASE("a large picture shrinks") {
  const auto png = png_picture(640, 480, {});
  REQUIRE(png.size() > 64 * 1024);
  const std::string uri = html::thumbnail_uri(png, "a.png");
  CHECK(uri.size() < 64 * 1024);
  const Image image = decode_image(decode_base64(uri.substr(uri.find(',') + 1)), "thumbnail");
  CHECK(image.height == 160);
  CHECK(image.width == 213);
}

TEST_CASE("what is no picture has no thumbnail") {
  CHECK(html::thumbnail_uri({}, "empty").empty());
  CHECK(html::thumbnail_uri(bytes_of("<svg onload='x'/>"), "a.svg").empty());
  auto cut = png_picture(32, 24, {});
  cut.resize(cut.size() / 2);
  CHECK(html::thumbnail_uri(cut, "cut.png").empty());
}
