// The face of stb_image inside core/image; nothing else includes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dermdistill::stb {

struct Pixels {
  int width = 0, height = 0, channels = 0;  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
  std::vector<std::uint8_t> samples;        // interleaved, row-major
};

/// Decodes to 8 bits a sample: a JPEG to 3 channels, a PNG to the file's own number of them. `width` and `height` are
/// what the file claims: no single allocation exceeds what a picture of that size can need, so a compressed bomb is
/// refused. False with stb's reason when it cannot.
bool decode(std::span<const std::byte> file, int width, int height, Pixels& pixels, std::string& reason);

}  // namespace dermdistill::stb
