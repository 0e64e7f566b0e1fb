// From the bytes of a file to the network's input: the one pipeline that training, command line and browser share.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "core/image/image.h"
#include "core/image/resize.h"

namespace dermdistill {

/// What a model expects of its input. The defaults are ImageNet's statistics.
struct Preprocessing {
  int size = 224;
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};
  std::array<float, 3> std{0.229f, 0.224f, 0.225f};
  ResizeRule rule = ResizeRule::Squash;
};

/// out [size, size, 3] = (value / 255 - mean) / std, channel by channel.
/// @throws ShapeError when `image` is not size x size or `out` has another number of values.
void normalise(const Image& image, const Preprocessing& preprocessing, std::span<float> out);

/// Decode, orient, resize, normalise: out [size, size, 3]. `name` is only used in messages.
/// @throws FormatError as decode_image, ShapeError as normalise.
void preprocess(std::span<const std::byte> file, std::string_view name, const Preprocessing& preprocessing,
                std::span<float> out);

/// Turns a view [size, size, 3] counter-clockwise by quarter turns, as torch.rot90(x, k, (height, width)) does; any
/// integer is taken modulo 4. `in` and `out` must not overlap.
/// @throws ShapeError when either span does not have size * size * 3 values.
void rotate_view(std::span<const float> in, int size, int quarter_turns, std::span<float> out);

}  // namespace dermdistill
