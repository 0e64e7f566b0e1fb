// The face of stb_image and stb_image_resize inside core/image; nothing else includes them.
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

/// Triangle-filtered resize of 3-channel 8-bit rows; the filter widens when the picture shrinks. False: out of memory.
bool resize(const std::uint8_t* in, int width, int height, int row_bytes, std::uint8_t* out, int out_width,
            int out_height);

}  // namespace dermdistill::stb
