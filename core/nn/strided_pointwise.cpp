#include "core/nn/strided_pointwise.h"

#include <algorithm>
#include <utility>

#include "core/base/large_vector.h"
#include "core/base/parallel.h"

namespace dermdistill {
namespace {

/// Calls use(place in the dense map, place in the strided one) for the first channel of every pixel that is used.
template <typename Use>
void for_used_pixels(const ConvShape& s, Use&& use) {
  const std::int64_t rows = s.out_height(), columns = s.out_width(), channels = s.in_channels;
  parallel_for(s.batch * rows, [&](std::int64_t row) {
    const std::int64_t in_row = row / rows * s.in_height + row % rows * s.stride;
    for (std::int64_t column = 0; column < columns; ++column) {
      use((row * columns + column) * channels, (in_row * s.in_width + column * s.stride) * channels);
    }
  });
}

/// Room for the gathered pixels [batch, out_height, out_width, in_channels]; all such convolutions of a thread share
/// it.
std::span<Scalar> gathered_pixels(const ConvShape& s) {
  thread_local LargeVector<Scalar> shared;
  const std::size_t size = dense_shape(s).input_size();
  if (shared.size() < size) shared.resize(size);
  return std::span(shared).first(size);
}

std::span<const Scalar> gather(const ConvShape& s, std::span<const Scalar> x) {
  const std::span<Scalar> pixels = gathered_pixels(s);
  for_used_pixels(s, [&](std::int64_t dense, std::int64_t strided) {
    std::copy_n(x.data() + strided, s.in_channels, pixels.data() + dense);
  });
  return pixels;
}

}  // namespace

bool is_strided_pointwise(const ConvShape& shape) {
  return shape.kernel == 1 && shape.stride > 1 && shape.padding == 0 && !shape.depthwise;
}

ConvShape dense_shape(const ConvShape& shape) {
  ConvShape dense = shape;
  dense.in_height = shape.out_height();
  dense.in_width = shape.out_width();
  dense.stride = 1;
  return dense;
}

StridedPointwise::StridedPointwise(const ConvShape& shape, std::unique_ptr<Convolution> dense)
    : shape_(shape), dense_(std::move(dense)) {}

void StridedPointwise::forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) {
  dense_->forward(gather(shape_, x), w, y);
}

void StridedPointwise::backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) {
  const std::span<Scalar> pixels = gathered_pixels(shape_);
  dense_->backward_data(dy, w, pixels);
  const std::int64_t row_size = static_cast<std::int64_t>(shape_.in_width) * shape_.in_channels;
  parallel_for(static_cast<std::int64_t>(shape_.batch) * shape_.in_height,
               [&](std::int64_t row) { std::fill_n(dx.data() + row * row_size, row_size, Scalar{0}); });
  for_used_pixels(shape_, [&](std::int64_t dense, std::int64_t strided) {
    std::copy_n(pixels.data() + dense, shape_.in_channels, dx.data() + strided);
  });
}

void StridedPointwise::backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) {
  dense_->backward_weights(gather(shape_, x), dy, dw);
}

FusedStridedPointwise::FusedStridedPointwise(const ConvShape& shape, std::unique_ptr<FusedConvolution> dense)
    : shape_(shape), dense_(std::move(dense)) {}

void FusedStridedPointwise::run(std::span<const Scalar> x, std::span<const Scalar> residual, std::span<Scalar> y) {
  dense_->run(gather(shape_, x), residual, y);
}

}  // namespace dermdistill
