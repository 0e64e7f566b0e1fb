#include "native/report/thumbnail.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/base/error.h"
#include "core/image/image.h"
#include "core/image/jpeg_file.h"
#include "core/image/png_file.h"
#include "core/image/resize.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace dermdistill::html {
namespace {

constexpr std::size_t kLargestEmbedded = 64 * 1024;
constexpr int kThumbnailSide = 160;
constexpr int kQuality = 85;

/// Only tables, frames and scans, and what JFIF and Adobe say of the colours: no EXIF, no comments, nothing behind the
/// end.
bool is_bare_jpeg(std::span<const std::byte> file) {
  if (!looks_like_jpeg(file) || file.back() != std::byte{0xd9} || file[file.size() - 2] != std::byte{0xff})
    return false;
  JpegReader reader(file);
  JpegSegment segment;
  for (;;) {
    const JpegReader::Step step = reader.next(segment);
    if (step != JpegReader::Step::Segment) return step == JpegReader::Step::End;
    const int marker = segment.marker;
    const bool pixels = (marker >= 0xc0 && marker <= 0xcf) || marker == 0xda || marker == 0xdb || marker == 0xdd;
    if (!pixels && marker != 0xe0 && marker != 0xee) return false;
  }
}

bool is_bare_png(std::span<const std::byte> file) {
  constexpr std::array<std::string_view, 8> kPixelChunks = {"IHDR", "PLTE", "IDAT", "IEND",
                                                            "tRNS", "gAMA", "sRGB", "cHRM"};
  if (!looks_like_png(file)) return false;
  PngReader reader(file);
  PngChunk chunk;
  bool ended = false;
  while (reader.next(chunk)) {
    if (ended || std::find(kPixelChunks.begin(), kPixelChunks.end(), chunk.type) == kPixelChunks.end()) return false;
    ended = chunk.type == "IEND";
  }
  return ended;
}

std::vector<std::byte> encode_jpeg(const Image& image) {
  std::vector<std::byte> bytes;
  const auto append = [](void* context, void* data, int size) {
    auto& target = *static_cast<std::vector<std::byte>*>(context);
    const auto* begin = static_cast<const std::byte*>(data);
    target.insert(target.end(), begin, begin + size);
  };
  if (stbi_write_jpg_to_func(append, &bytes, image.width, image.height, 3, image.rgb.data(), kQuality) == 0)
    bytes.clear();
  return bytes;
}

std::vector<std::byte> shrunk_jpeg(const Image& image) {
  const double scale = std::min(1.0, static_cast<double>(kThumbnailSide) / std::min(image.width, image.height));
  const auto scaled = [&](int side) {
    return std::clamp(static_cast<int>(std::lround(side * scale)), 1, 4 * kThumbnailSide);
  };
  return encode_jpeg(resize(image, scaled(image.width), scaled(image.height)));
}

std::string data_uri(std::string_view type, std::span<const std::byte> bytes) {
  return "data:image/" + std::string(type) + ";base64," + base64(bytes);
}

}  // namespace

std::string base64(std::span<const std::byte> bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[bits >> (18 - 6 * k) & 63u] : '=';
  }
  return text;
}

std::string thumbnail_uri(std::span<const std::byte> file, std::string_view name) {
  Image image;
  try {
    image = decode_image(file, name);
  } catch (const Error&) {
    return {};  // the report goes on without this picture
  }
  if (file.size() < kLargestEmbedded && is_bare_jpeg(file)) return data_uri("jpeg", file);
  if (file.size() < kLargestEmbedded && is_bare_png(file)) return data_uri("png", file);
  const std::vector<std::byte> small = shrunk_jpeg(image);
  return small.empty() ? std::string() : data_uri("jpeg", small);
}

}  // namespace dermdistill::html
