#include "core/nn/pooling.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "core/base/parallel.h"
#include "core/nn/vector_kernels.h"

namespace dermdistill {
namespace {
int pooled(int size) { return (size + 2 - 3) / 2 + 1; }
}  // namespace

void max_pool_forward(std::span<const Scalar> x, int batch, int height, int width, int channels, std::span<Scalar> y,
                      std::span<std::uint8_t> winner) {
  const int rows = pooled(height), columns = pooled(width);
  parallel_for(static_cast<std::int64_t>(batch) * rows, [&](std::int64_t line) {
    const std::int64_t image = line / rows;
    const int oy = static_cast<int>(line % rows);
    std::array<const Scalar*, 9> taps{};
    for (int ox = 0; ox < columns; ++ox) {
      for (int tap = 0; tap < 9; ++tap) {
        const std::int64_t iy = oy * 2 + tap / 3 - 1, ix = ox * 2 + tap % 3 - 1;
        const bool inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
        taps[static_cast<std::size_t>(tap)] =
            inside ? x.data() + ((image * height + iy) * width + ix) * channels : nullptr;
      }
      const std::int64_t to = (line * columns + ox) * channels;
      vector_kernels().max_pool(taps.data(), channels, y.data() + to, winner.empty() ? nullptr : winner.data() + to);
    }
  });
}

void max_pool_backward(std::span<const Scalar> dy, std::span<const std::uint8_t> winner, int batch, int height,
                       int width, int channels, std::span<Scalar> dx) {
  const int rows = pooled(height), columns = pooled(width);
  const std::int64_t plane = static_cast<std::int64_t>(height) * width * channels;
  parallel_for(batch, [&](std::int64_t image) {  // windows overlap, so one thread owns a whole image
    Scalar* to = dx.data() + image * plane;
    std::fill(to, to + plane, 0.0f);
    for (int oy = 0; oy < rows; ++oy) {
      for (int ox = 0; ox < columns; ++ox) {
        const std::int64_t from = ((image * rows + oy) * columns + ox) * channels;
        for (int c = 0; c < channels; ++c) {
          const int tap = winner[static_cast<std::size_t>(from + c)];
          const std::int64_t iy = oy * 2 + tap / 3 - 1, ix = ox * 2 + tap % 3 - 1;
          to[(iy * width + ix) * channels + c] += dy[static_cast<std::size_t>(from + c)];
        }
      }
    }
  });
}

void average_pool_forward(std::span<const Scalar> x, int batch, int pixels, int channels, std::span<Scalar> y) {
  parallel_for(batch, [&](std::int64_t image) {
    const Scalar* in = x.data() + image * pixels * channels;
    Scalar* out = y.data() + image * channels;
    std::fill(out, out + channels, 0.0f);
    for (int p = 0; p < pixels; ++p) {
      for (int c = 0; c < channels; ++c) out[c] += in[static_cast<std::int64_t>(p) * channels + c];
    }
    const Scalar share = 1.0f / static_cast<Scalar>(pixels);
    for (int c = 0; c < channels; ++c) out[c] *= share;
  });
}

void average_pool_backward(std::span<const Scalar> dy, std::span<const Scalar> addend, int batch, int pixels,
                           int channels, std::span<Scalar> dx) {
  const Scalar share = 1.0f / static_cast<Scalar>(pixels);
  parallel_for(static_cast<std::int64_t>(batch) * pixels, [&](std::int64_t row) {
    const Scalar* in = dy.data() + row / pixels * channels;
    const Scalar* add = addend.empty() ? nullptr : addend.data() + row * channels;
    Scalar* out = dx.data() + row * channels;
    for (int c = 0; c < channels; ++c) out[c] = in[c] * share + (add ? add[c] : 0.0f);
  });
}

}  // namespace dermdistill
