// From the bytes of a file to the network's input: the one pipeline that training, command line and browser share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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
  /// Larger pictures are brought down to so many pixels a side first, so that a sharp photograph shows the network no
  /// more than its training images did; 0: no such step.
  int detail = 0;
};

/// `image`, or `part` of it, with no more detail than the model knows: detail x detail by the rule where a side is
/// longer than that, otherwise nothing, and the caller goes on with what it had.
/// @throws InputError for a part that leaves the picture.
std::optional<Image> reduce_detail(const Image& image, const std::optional<Rectangle>& part,
                                   const Preprocessing& preprocessing);

/// -> size x size: reduce_detail, then resize_by_rule. @throws InputError for a part that leaves the picture.
Image bring_to_size(const Image& image, const std::optional<Rectangle>& part, const Preprocessing& preprocessing);

/// out [size, size, 3] = (value / 255 - mean) / std, channel by channel.
/// @throws ShapeError when `image` is not size x size or `out` has another number of values.
void normalise(const Image& image, const Preprocessing& preprocessing, std::span<float> out);

/// The same as [3, size, size]: normalise, then to_channels_first, in one. @throws ShapeError as normalise.
void normalise_channels_first(const Image& image, const Preprocessing& preprocessing, std::span<float> out);

/// Decode, orient, reduce detail, resize, normalise: out [size, size, 3]. `name` is only used in messages.
/// @throws FormatError as decode_image, ShapeError as normalise.
void preprocess(std::span<const std::byte> file, std::string_view name, const Preprocessing& preprocessing,
                std::span<float> out);

/// The same for a picture that is decoded already; of `part` alone where it is given, cut out before the resize.
/// @throws InputError for a part that leaves the picture, ShapeError as normalise.
void preprocess(const Image& image, const std::optional<Rectangle>& part, const Preprocessing& preprocessing,
                std::span<float> out);

/// [height, width, channels] -> [channels, height, width], as ONNX takes pictures. @throws ShapeError when sizes
/// differ.
void to_channels_first(std::span<const float> in, std::int64_t pixels, std::int64_t channels, std::span<float> out);

/// Mirrors a view [size, size, 3] left to right. `in` and `out` must not overlap. @throws ShapeError as rotate_view.
void mirror_view(std::span<const float> in, int size, std::span<float> out);

/// Turns a view [size, size, 3] counter-clockwise by quarter turns, as torch.rot90(x, k, (height, width)) does; any
/// integer is taken modulo 4. `in` and `out` must not overlap.
/// @throws ShapeError when either span does not have size * size * 3 values.
void rotate_view(std::span<const float> in, int size, int quarter_turns, std::span<float> out);

}  // namespace dermdistill
