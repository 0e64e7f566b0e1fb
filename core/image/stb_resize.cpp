// stb_image_resize: its filter weights, and its loops where a side grows. Where both shrink, which is what nearly every
// picture does, loops of our own run on vectors; they add in stb's order, so that the bits are stb's.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "core/image/stb_library.h"

#define STBIR_ASSERT(condition) ((void)0)
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>

namespace dermdistill::stb {
namespace {

constexpr std::size_t kChannels = 3;
constexpr std::size_t kLanes = 4;  // a pixel's three channels and one lane that is not looked at

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));

Vector load(const float* values) {
  Vector vector;
  std::memcpy(&vector, values, sizeof vector);
  return vector;
}

/// What the outputs along one side are sums of: each of a run of inputs, which begins up to `margin` before the first.
struct Runs {
  std::size_t margin = 0;          // inputs repeated before the first and after the last
  std::size_t length = 0;          // of every run, zeros at its end included
  std::vector<std::size_t> first;  // of each output's run; 0 is the first input of the margin
  std::vector<float> weights;      // [outputs, length]
};

/// stb says of each input to which outputs it adds; a run is that of one output, in the order in which stb adds.
Runs runs_of(int inputs, int outputs) {
  constexpr stbir_filter kFilter = STBIR_FILTER_TRIANGLE;
  const float scale = static_cast<float>(outputs) / static_cast<float>(inputs);
  const auto count = static_cast<std::size_t>(stbir__get_contributors(scale, kFilter, inputs, outputs));
  const auto width = static_cast<std::size_t>(stbir__get_coefficient_width(kFilter, scale));
  std::vector<stbir__contributors> contributors(count);
  std::vector<float> coefficients((count + 1) * width);  // stb may write a zero behind the last
  stbir__calculate_filters(contributors.data(), coefficients.data(), kFilter, scale, 0, inputs, outputs);

  Runs runs;
  runs.margin = static_cast<std::size_t>(stbir__get_filter_pixel_margin(kFilter, scale));
  const auto targets = static_cast<std::size_t>(outputs);
  std::vector<std::size_t> behind(targets, 0);
  runs.first.assign(targets, count);
  const auto for_each_share = [&](const auto& use) {
    for (std::size_t input = 0; input < count; ++input)
      for (int output = contributors[input].n0; output <= contributors[input].n1; ++output)
        use(input, static_cast<std::size_t>(output),
            coefficients[input * width + static_cast<std::size_t>(output - contributors[input].n0)]);
  };
  for_each_share([&](std::size_t input, std::size_t output, float) {
    runs.first[output] = std::min(runs.first[output], input);
    behind[output] = input + 1;
  });
  for (std::size_t output = 0; output < targets; ++output)
    runs.length = std::max(runs.length, behind[output] - std::min(behind[output], runs.first[output]));
  runs.weights.assign(targets * runs.length, 0.0F);
  for_each_share([&](std::size_t input, std::size_t output, float weight) {
    runs.weights[output * runs.length + input - runs.first[output]] = weight;
  });
  return runs;
}

/// A row of pixels from 0 to 1, its first and last repeated `margin` times.
void widen_row(const std::uint8_t* row, std::size_t width, std::size_t margin, float* out) {
  using Bytes = std::uint8_t __attribute__((vector_size(kLanes)));
  float* inner = out + margin * kChannels;
  const std::size_t values = width * kChannels;
  std::size_t i = 0;
  for (; i + kLanes <= values; i += kLanes) {
    Bytes bytes;
    std::memcpy(&bytes, row + i, sizeof bytes);
    const Vector widened = __builtin_convertvector(bytes, Vector) / 255.0F;
    std::memcpy(inner + i, &widened, sizeof widened);
  }
  for (; i < values; ++i) inner[i] = static_cast<float>(row[i]) / 255.0F;
  const float* last = inner + (width - 1) * kChannels;
  for (i = 0; i < margin; ++i) {
    std::copy_n(inner, kChannels, out + i * kChannels);
    std::copy_n(last, kChannels, inner + (width + i) * kChannels);
  }
}

/// Shrinks `Rows` rows at once, so that their sums, each of which must wait for its last addition, wait together. All
/// hold kLanes values more than their pixels need: the unused lane of the last pixel lies there.
template <std::size_t Rows>
void shrink_rows(const Runs& runs, const std::array<const float*, Rows>& in, const std::array<float*, Rows>& out) {
  for (std::size_t output = 0; output < runs.first.size(); ++output) {
    const std::size_t pixel = runs.first[output] * kChannels;
    const float* weights = &runs.weights[output * runs.length];
    std::array<Vector, Rows> sums{};
    for (std::size_t i = 0; i < runs.length; ++i) {
      for (std::size_t row = 0; row < Rows; ++row) sums[row] += load(in[row] + pixel + i * kChannels) * weights[i];
    }
    // The next pixel goes over the unused lane.
    for (std::size_t row = 0; row < Rows; ++row) std::memcpy(out[row] + output * kChannels, &sums[row], sizeof(Vector));
  }
}

std::uint8_t rounded(float value) {
  return static_cast<std::uint8_t>(static_cast<int>(static_cast<double>(std::clamp(value, 0.0F, 1.0F) * 255.0F) + 0.5));
}

void shrink(const std::uint8_t* in, std::size_t width, std::size_t height, std::size_t row_bytes, std::uint8_t* out,
            std::size_t out_width, std::size_t out_height) {
  const Runs across = runs_of(static_cast<int>(width), static_cast<int>(out_width));
  const Runs down = runs_of(static_cast<int>(height), static_cast<int>(out_height));
  const std::size_t values = out_width * kChannels;
  // Runs that end with zeros may reach beyond the margin.
  constexpr std::size_t kTogether = 4;
  const std::size_t wide_values = (width + 2 * across.margin + across.length) * kChannels + kLanes;
  std::vector<float> wide(kTogether * wide_values);
  // The rows that one output needs, each made once and kept while the next outputs need it too; some are made ahead.
  const std::size_t row_values = values + kLanes, kept = down.length + kTogether;
  std::vector<float> rows(kept * row_values), sums(values);
  const std::size_t all = height + 2 * down.margin;
  const auto row_at = [&](std::size_t row) { return &rows[row % kept * row_values]; };
  const auto make = [&]<std::size_t Rows>(std::size_t first, std::integral_constant<std::size_t, Rows>) {
    std::array<const float*, Rows> from;
    std::array<float*, Rows> to;
    for (std::size_t i = 0; i < Rows; ++i) {
      const std::size_t row = first + i, source = std::min(row - std::min(row, down.margin), height - 1);
      float* widened = &wide[i * wide_values];
      widen_row(in + source * row_bytes, width, across.margin, widened);
      from[i] = widened;
      to[i] = row_at(row);
    }
    shrink_rows<Rows>(across, from, to);
  };
  std::size_t made = 0;
  for (std::size_t y = 0; y < out_height; ++y) {
    const std::size_t end = std::min(down.first[y] + down.length, all);
    made = std::max(made, down.first[y]);
    while (made < end) {
      const bool together = made + kTogether <= all;
      if (together) make(made, std::integral_constant<std::size_t, kTogether>{});
      if (!together) make(made, std::integral_constant<std::size_t, 1>{});
      made += together ? kTogether : 1;
    }
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::size_t row = down.first[y]; row < end; ++row) {
      const float weight = down.weights[y * down.length + row - down.first[y]];
      const float* shrunk = row_at(row);
      for (std::size_t i = 0; i < values; ++i) sums[i] += shrunk[i] * weight;
    }
    std::transform(sums.begin(), sums.end(), out + y * values, rounded);
  }
}

}  // namespace

bool resize(const std::uint8_t* in, int width, int height, int row_bytes, std::uint8_t* out, int out_width,
            int out_height) {
  if (out_width <= width && out_height <= height) {
    shrink(in, static_cast<std::size_t>(width), static_cast<std::size_t>(height), static_cast<std::size_t>(row_bytes),
           out, static_cast<std::size_t>(out_width), static_cast<std::size_t>(out_height));
    return true;
  }
  return stbir_resize_uint8_generic(in, width, height, row_bytes, out, out_width, out_height, 0, kChannels,
                                    STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE,
                                    STBIR_COLORSPACE_LINEAR, nullptr) != 0;
}

}  // namespace dermdistill::stb
