#include "core/image/preprocess.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"

namespace dermdistill {
namespace {

void check_length(std::size_t length, int size, const char* thing) {
  const std::size_t expected = size < 1 ? 0 : static_cast<std::size_t>(size) * size * 3;
  if (expected == 0 || length != expected)
    throw ShapeError(thing, "has " + std::to_string(length) + " values",
                     std::to_string(size) + " x " + std::to_string(size) + " x 3");
}

}  // namespace

std::optional<Image> reduce_detail(const Image& image, const std::optional<Rectangle>& part,
                                   const Preprocessing& preprocessing) {
  const Rectangle seen = part.value_or(Rectangle{0, 0, image.width, image.height});
  if (preprocessing.detail < 1 || std::max(seen.width, seen.height) <= preprocessing.detail) return std::nullopt;
  return resize_by_rule(image, seen, preprocessing.rule, preprocessing.detail);
}

Image bring_to_size(const Image& image, const std::optional<Rectangle>& part, const Preprocessing& preprocessing) {
  if (const std::optional<Image> reduced = reduce_detail(image, part, preprocessing))
    return resize(*reduced, preprocessing.size, preprocessing.size);
  const Rectangle whole{0, 0, image.width, image.height};
  return resize_by_rule(image, part.value_or(whole), preprocessing.rule, preprocessing.size);
}

namespace {

/// normalise's results of every value, channel by channel: only 256 values exist, so each is computed once.
using NormalisedValues = std::array<std::array<float, 256>, 3>;

NormalisedValues normalised_values(const Image& image, const Preprocessing& preprocessing, std::size_t length) {
  const int size = preprocessing.size;
  if (image.width != size || image.height != size)
    throw ShapeError("picture", "has " + std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels",
                     std::to_string(size) + " x " + std::to_string(size));
  check_length(length, size, "output of normalise");
  NormalisedValues table;
  for (std::size_t channel = 0; channel < 3; ++channel)
    for (std::size_t value = 0; value < 256; ++value)
      table[channel][value] =
          (static_cast<float>(value) / 255.0f - preprocessing.mean[channel]) / preprocessing.std[channel];
  return table;
}

}  // namespace

void normalise(const Image& image, const Preprocessing& preprocessing, std::span<float> out) {
  const NormalisedValues table = normalised_values(image, preprocessing, out.size());
  for (std::size_t i = 0; i < out.size(); i += 3)
    for (std::size_t channel = 0; channel < 3; ++channel) out[i + channel] = table[channel][image.rgb[i + channel]];
}

void normalise_channels_first(const Image& image, const Preprocessing& preprocessing, std::span<float> out) {
  const NormalisedValues table = normalised_values(image, preprocessing, out.size());
  const std::size_t pixels = out.size() / 3;
  for (std::size_t channel = 0; channel < 3; ++channel)
    for (std::size_t i = 0; i < pixels; ++i) out[channel * pixels + i] = table[channel][image.rgb[3 * i + channel]];
}

void preprocess(std::span<const std::byte> file, std::string_view name, const Preprocessing& preprocessing,
                std::span<float> out) {
  check_length(out.size(), preprocessing.size, "output of preprocess");
  normalise(bring_to_size(decode_image(file, name), std::nullopt, preprocessing), preprocessing, out);
}

void preprocess(const Image& image, const std::optional<Rectangle>& part, const Preprocessing& preprocessing,
                std::span<float> out) {
  check_length(out.size(), preprocessing.size, "output of preprocess");
  normalise(bring_to_size(image, part, preprocessing), preprocessing, out);
}

void to_channels_first(std::span<const float> in, std::int64_t pixels, std::int64_t channels, std::span<float> out) {
  if (pixels < 0 || channels < 0 || in.size() != static_cast<std::size_t>(pixels * channels) || out.size() != in.size())
    throw ShapeError("picture", "has " + std::to_string(in.size()) + " values",
                     std::to_string(pixels) + " pixels of " + std::to_string(channels) + " channels");
  const float* source = in.data();
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
    for (std::int64_t channel = 0; channel < channels; ++channel)
      out[static_cast<std::size_t>(channel * pixels + pixel)] = *source++;
}

void mirror_view(std::span<const float> in, int size, std::span<float> out) {
  check_length(in.size(), size, "input of mirror_view");
  check_length(out.size(), size, "output of mirror_view");
  const std::ptrdiff_t n = size;
  for (std::ptrdiff_t y = 0; y < n; ++y)
    for (std::ptrdiff_t x = 0; x < n; ++x)
      std::copy_n(in.data() + 3 * (y * n + n - 1 - x), 3, out.data() + 3 * (y * n + x));
}

void rotate_view(std::span<const float> in, int size, int quarter_turns, std::span<float> out) {
  check_length(in.size(), size, "input of rotate_view");
  check_length(out.size(), size, "output of rotate_view");
  // The pixel seen at (y, x) is stored at start + y * down + x * right, in pixels.
  const std::ptrdiff_t n = size, last = n - 1;
  std::ptrdiff_t start = 0, down = n, right = 1;
  switch (((quarter_turns % 4) + 4) % 4) {
    case 1:
      start = last, down = -1, right = n;
      break;
    case 2:
      start = n * n - 1, down = -n, right = -1;
      break;
    case 3:
      start = n * last, down = 1, right = -n;
      break;
    default:
      break;
  }
  float* target = out.data();
  for (std::ptrdiff_t y = 0; y < n; ++y)
    for (std::ptrdiff_t x = 0; x < n; ++x, target += 3) {
      const float* source = in.data() + 3 * (start + y * down + x * right);
      target[0] = source[0], target[1] = source[1], target[2] = source[2];
    }
}

}  // namespace dermdistill
