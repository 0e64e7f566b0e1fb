#include "core/image/image.h"

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

std::string size_text(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height) + " pixels";
}

void check_size(const stb::Header& header, std::string_view name, const DecodeLimits& limits) {
  const std::string size = "has " + size_text(header.width, header.height);
  if (static_cast<std::int64_t>(header.width) * header.height > limits.max_pixels)
    throw FormatError(name, size, "at most " + std::to_string(limits.max_pixels) + " pixels");
  if (header.width < limits.min_side || header.height < limits.min_side)
    throw FormatError(name, size, "at least " + size_text(limits.min_side, limits.min_side));
}

// A sample of the given opacity seen before white, rounded to nearest.
std::uint8_t over_white(int sample, int alpha) {
  return static_cast<std::uint8_t>((sample * alpha + 255 * (255 - alpha) + 127) / 255);
}

Image to_rgb(std::vector<std::uint8_t> pixels, const stb::Header& header) {
  Image image{header.width, header.height, {}};
  if (header.channels == 3) {
    image.rgb = std::move(pixels);
    return image;
  }
  const std::size_t count = static_cast<std::size_t>(header.width) * header.height;
  const std::size_t step = static_cast<std::size_t>(header.channels);
  const bool grey = step < 3, alpha = step % 2 == 0;
  image.rgb.resize(3 * count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint8_t* pixel = &pixels[i * step];
      const std::uint8_t sample = pixel[grey ? 0 : c];
      image.rgb[3 * i + c] = alpha ? over_white(sample, pixel[step - 1]) : sample;
    }
  return image;
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, std::string_view name, const DecodeLimits& limits) {
  if (bytes.empty()) throw FormatError(name, "is empty", kExpected);
  const bool jpeg = looks_like_jpeg(bytes);
  if (!jpeg && !looks_like_png(bytes)) throw FormatError(name, describe_other(bytes), kExpected);

  // The size first: a picture that is too large is refused before anything else of it is looked at.
  stb::Header header;
  std::string reason;
  const bool header_read = stb::read_header(bytes, header, reason);
  if (header_read) check_size(header, name, limits);
  if (jpeg) {
    check_jpeg(bytes, name);
  } else {
    check_png(bytes, name);
  }
  std::vector<std::uint8_t> pixels;
  if (header_read) pixels = stb::decode(bytes, header, reason);
  if (pixels.empty())
    throw FormatError(
        name, std::string("is a damaged ") + (jpeg ? "JPEG" : "PNG") + " that cannot be decoded (" + reason + ")",
        "an undamaged file");
  Image image = to_rgb(std::move(pixels), header);
  const int orientation = exif_orientation(bytes);
  return orientation == 1 ? image : orient(image, orientation);
}

}  // namespace dermdistill
