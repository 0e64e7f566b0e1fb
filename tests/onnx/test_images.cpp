#include "test_images.h"

#include <cmath>
#include <stdexcept>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "core/base/random.h"

namespace dermdistill::testing {
namespace {

std::vector<std::uint8_t> blobs(int width, int height, std::uint64_t seed) {
  Random random(seed);
  double phase[3], rate[3];
  for (int c = 0; c < 3; ++c) {
    phase[c] = random.uniform(0, 6.28);
    rate[c] = random.uniform(0.05, 0.3);
  }
  std::vector<std::uint8_t> rgb;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        rgb.push_back(
            static_cast<std::uint8_t>(127.5 * (1 + std::sin(rate[c] * x + phase[c]) * std::cos(rate[c] * y))));
      }
    }
  }
  return rgb;
}

void append(void* context, void* data, int size) {
  auto& bytes = *static_cast<std::vector<std::byte>*>(context);
  const auto* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

}  // namespace

std::vector<std::byte> jpeg_bytes(int width, int height, std::uint64_t seed) {
  std::vector<std::byte> bytes;
  stbi_write_jpg_to_func(append, &bytes, width, height, 3, blobs(width, height, seed).data(), 90);
  return bytes;
}

std::vector<std::byte> png_bytes(int width, int height, std::uint64_t seed) {
  std::vector<std::byte> bytes;
  stbi_write_png_to_func(append, &bytes, width, height, 3, blobs(width, height, seed).data(), width * 3);
  return bytes;
}

std::vector<std::byte> with_claimed_size(std::vector<std::byte> jpeg, int width, int height) {
  for (std::size_t i = 0; i + 8 < jpeg.size(); ++i) {
    if (jpeg[i] != std::byte{0xff} || jpeg[i + 1] != std::byte{0xc0}) continue;
    jpeg[i + 5] = static_cast<std::byte>(height >> 8);
    jpeg[i + 6] = static_cast<std::byte>(height & 0xff);
    jpeg[i + 7] = static_cast<std::byte>(width >> 8);
    jpeg[i + 8] = static_cast<std::byte>(width & 0xff);
    return jpeg;
  }
  throw std::logic_error("the JPEG has no baseline frame header");
}

}  // namespace dermdistill::testing
