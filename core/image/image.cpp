#include "core/image/image.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "core/base/error.h"
#include "core/image/jpeg_file.h"
#include "core/image/orientation.h"
#include "core/image/png_file.h"
#include "core/image/stb_library.h"

namespace dermdistill {
namespace {

constexpr std::string_view kExpected = "a JPEG or PNG file";
constexpr std::uint32_t kMaxSide = 1u << 24;  // stb's own limit, far below where int overflows

bool has_at(std::span<const std::byte> file, std::size_t offset, std::string_view text) {
  return file.size() >= offset + text.size() && std::memcmp(file.data() + offset, text.data(), text.size()) == 0;
}

// What a file of another kind is, for the message; people mostly bring pictures of phones, scanners and hospitals.
std::string describe_other(std::span<const std::byte> file) {
  struct Signature {
    std::size_t offset;
    std::string_view text, meaning;
  };
  static constexpr std::array kSignatures{
      Signature{4, "ftypheic", "a HEIC picture"},
      Signature{4, "ftypheix", "a HEIC picture"},
      Signature{4, "ftyphevc", "a HEIC picture"},
      Signature{4, "ftypmif1", "a HEIC picture"},
      Signature{4, "ftypmsf1", "a HEIC picture"},
      Signature{4, "ftypavif", "an AVIF picture"},
      Signature{4, "ftypavis", "an AVIF picture"},
      Signature{4, "ftyp", "a video"},
      Signature{8, "WEBP", "a WebP picture"},
      Signature{0, "GIF8", "a GIF picture"},
      Signature{0, "BM", "a BMP picture"},
      Signature{0, std::string_view("II*\0", 4), "a TIFF picture"},
      Signature{0, std::string_view("MM\0*", 4), "a TIFF picture"},
      Signature{0, "%PDF", "a PDF document"},
      Signature{128, "DICM", "a DICOM file"},
      Signature{0, std::string_view("\0\0\0\x0cjP  ", 8), "a JPEG 2000 picture"},
      Signature{4, "JXL ", "a JPEG XL picture"},
      Signature{0, "PK\x03\x04", "a ZIP archive"},
      Signature{0, "<", "a text, perhaps a web page or an SVG drawing"},
  };
  for (const Signature& signature : kSignatures)
    if (has_at(file, signature.offset, signature.text)) return "is " + std::string(signature.meaning);
  return "is not a picture";
}

std::string size_text(std::uint64_t width, std::uint64_t height) {
  return std::to_string(width) + " x " + std::to_string(height) + " pixels";
}

void check_size(const PictureSize& size, std::string_view name, const DecodeLimits& limits) {
  const std::string text = "has " + size_text(size.width, size.height);
  const std::uint64_t pixels = static_cast<std::uint64_t>(size.width) * size.height;
  if (pixels > static_cast<std::uint64_t>(limits.max_pixels) || std::max(size.width, size.height) > kMaxSide)
    throw FormatError(name, text, "at most " + std::to_string(limits.max_pixels) + " pixels");
  const auto least = static_cast<std::uint32_t>(std::max(limits.min_side, 1));
  if (std::min(size.width, size.height) < least) throw FormatError(name, text, "at least " + size_text(least, least));
}

// A sample of the given opacity seen before white, rounded to nearest.
std::uint8_t over_white(int sample, int alpha) {
  return static_cast<std::uint8_t>((sample * alpha + 255 * (255 - alpha) + 127) / 255);
}

Image to_rgb(std::span<const std::uint8_t> samples, int width, int height, int channels) {
  Image image{width, height, {}};
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const std::size_t step = static_cast<std::size_t>(channels);
  const bool grey = step < 3, alpha = step % 2 == 0;
  image.rgb.resize(3 * count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint8_t* pixel = &samples[i * step];
      const std::uint8_t sample = pixel[grey ? 0 : c];
      image.rgb[3 * i + c] = alpha ? over_white(sample, pixel[step - 1]) : sample;
    }
  return image;
}

Image to_rgb(stb::Pixels pixels) {
  if (pixels.channels == 3) return {pixels.width, pixels.height, std::move(pixels.samples)};
  return to_rgb(pixels.samples, pixels.width, pixels.height, pixels.channels);
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, std::string_view name, const DecodeLimits& limits) {
  if (bytes.empty()) throw FormatError(name, "is empty", kExpected);
  const bool jpeg = looks_like_jpeg(bytes);
  if (!jpeg && !looks_like_png(bytes)) throw FormatError(name, describe_other(bytes), kExpected);

  // The size first: a picture that is too large is refused before anything else of it is looked at. Without a size the
  // file is damaged, and the check behind says how.
  const PictureSize size = jpeg ? jpeg_size(bytes) : png_size(bytes);
  if (size.width > 0 && size.height > 0) check_size(size, name, limits);
  jpeg ? check_jpeg(bytes, name) : check_png(bytes, name);

  stb::Pixels pixels;
  std::string reason = "it claims to have no pixels";
  const int width = static_cast<int>(size.width), height = static_cast<int>(size.height);
  const bool decoded = width > 0 && height > 0 && stb::decode(bytes, width, height, pixels, reason);
  if (decoded && (pixels.width != width || pixels.height != height)) reason = "its headers contradict each other";
  if (!decoded || pixels.width != width || pixels.height != height)
    throw FormatError(
        name, std::string("is a damaged ") + (jpeg ? "JPEG" : "PNG") + " that cannot be decoded (" + reason + ")",
        "an undamaged file");
  Image image = to_rgb(std::move(pixels));
  const int orientation = exif_orientation(bytes);
  return orientation == 1 ? image : orient(image, orientation);
}

Image image_from_rgba(std::span<const std::uint8_t> rgba, int width, int height, std::string_view name,
                      const DecodeLimits& limits) {
  check_size({static_cast<std::uint32_t>(std::max(width, 0)), static_cast<std::uint32_t>(std::max(height, 0))}, name,
             limits);
  const std::size_t expected = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4;
  if (rgba.size() != expected)
    throw ShapeError(
        name, "has " + std::to_string(rgba.size()) + " bytes",
        std::to_string(expected) + " for " + std::to_string(width) + " x " + std::to_string(height) + " RGBA pixels");
  return to_rgb(rgba, width, height, 4);
}

}  // namespace dermdistill
