#include "core/nn/depthwise.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace dermdistill {
namespace {

/// Calls body(image, first_row, last_row) for the rows of `batch` planes that part `part` works on.
template <typename Body>
void for_rows(int batch, int rows, int part, int parts, Body&& body) {
  auto [first, last] = slice_of(static_cast<std::int64_t>(batch) * rows, part, parts);
  while (first < last) {
    const int image = static_cast<int>(first / rows);
    const int begin = static_cast<int>(first % rows);
    const int end = static_cast<int>(std::min<std::int64_t>(rows, begin + (last - first)));
    body(image, begin, end);
    first += end - begin;
  }
}

}  // namespace

DepthwiseConvolution::DepthwiseConvolution(const ConvShape& s, const VectorKernels& kernels)
    : batch_(s.batch),
      parts_(thread_count()),
      shape_{s.in_height, s.in_width, s.out_height(), s.out_width(), s.out_channels, s.stride},
      kernels_(kernels),
      partial_(s.weight_size() * static_cast<std::size_t>(parts_)) {
  if (!s.depthwise || s.kernel != 3 || s.padding != 1 || (s.stride != 1 && s.stride != 2)) {
    throw ShapeError("depthwise convolution", "cannot run " + s.describe(), "kernel 3, padding 1, stride 1 or 2");
  }
}

void DepthwiseConvolution::forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) {
  const std::int64_t in_plane = static_cast<std::int64_t>(shape_.in_height) * shape_.in_width * shape_.channels;
  const std::int64_t out_plane = static_cast<std::int64_t>(shape_.out_height) * shape_.out_width * shape_.channels;
  parallel_parts(parts_, [&](int part, int parts) {
    for_rows(batch_, shape_.out_height, part, parts, [&](int image, int first, int last) {
      kernels_.depthwise_forward(shape_, x.data() + image * in_plane, w.data(), first, last,
                                 y.data() + image * out_plane);
    });
  });
}

void DepthwiseConvolution::backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) {
  const std::int64_t in_plane = static_cast<std::int64_t>(shape_.in_height) * shape_.in_width * shape_.channels;
  const std::int64_t out_plane = static_cast<std::int64_t>(shape_.out_height) * shape_.out_width * shape_.channels;
  parallel_parts(parts_, [&](int part, int parts) {
    for_rows(batch_, shape_.in_height, part, parts, [&](int image, int first, int last) {
      kernels_.depthwise_backward_data(shape_, dy.data() + image * out_plane, w.data(), first, last,
                                       dx.data() + image * in_plane);
    });
  });
}

void DepthwiseConvolution::backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy,
                                            std::span<Scalar> dw) {
  const std::int64_t in_plane = static_cast<std::int64_t>(shape_.in_height) * shape_.in_width * shape_.channels;
  const std::int64_t out_plane = static_cast<std::int64_t>(shape_.out_height) * shape_.out_width * shape_.channels;
  const std::size_t size = static_cast<std::size_t>(9 * shape_.channels);
  std::fill(partial_.begin(), partial_.end(), 0.0f);
  parallel_parts(parts_, [&](int part, int parts) {
    Scalar* sum = partial_.data() + size * static_cast<std::size_t>(part);
    for_rows(batch_, shape_.out_height, part, parts, [&](int image, int first, int last) {
      kernels_.depthwise_backward_weights(shape_, x.data() + image * in_plane, dy.data() + image * out_plane, first,
                                          last, sum);
    });
  });
  std::fill(dw.begin(), dw.end(), 0.0f);
  for (int slot = 0; slot < parts_; ++slot) {
    for (std::size_t i = 0; i < size; ++i) dw[i] += partial_[size * static_cast<std::size_t>(slot) + i];
  }
}

}  // namespace dermdistill
