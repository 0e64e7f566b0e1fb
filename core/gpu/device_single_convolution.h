// A convolution on a device of tensors in this processor's memory, such as a regressor's: worth it where it is large.
#pragma once

#include <algorithm>
#include <utility>

#include "core/gpu/device_convolution.h"

namespace dermdistill::gpu {

template <typename Device>
class DeviceSingleConvolution final : public Convolution {
 public:
  DeviceSingleConvolution(Device device, const ConvShape& shape)
      : device_(std::move(device)),
        shape_(shape),
        convolution_(unit_of(shape), {shape.in_height, shape.in_width, shape.in_channels},
                     {shape.out_height(), shape.out_width(), shape.out_channels}) {
    check_items(static_cast<std::int64_t>(std::max(shape.input_size(), shape.output_size())));
    const std::int64_t columns = std::max<std::int64_t>(1, convolution_.columns_size(shape.batch));
    check_items(columns);
    const auto sums = static_cast<std::size_t>(convolution_.sums_size(shape.batch));
    x_ = device_.template memory<Scalar>(shape.input_size());
    y_ = device_.template memory<Scalar>(shape.output_size());
    w_ = device_.template memory<Scalar>(shape.weight_size());
    columns_ = device_.template memory<Scalar>(static_cast<std::size_t>(columns));
    sums_ = device_.template memory<Scalar>(sums);
    spare_sums_ = device_.template memory<Scalar>(sums);
  }

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override {
    device_.upload(x, x_.data());
    device_.upload(w, w_.data());
    convolution_.forward(device_, shape_.batch, x_.data(), w_.data(), y_.data(), room());
    device_.download(y_.data(), y);
  }
  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override {
    device_.upload(dy, y_.data());
    device_.upload(w, w_.data());
    convolution_.backward_data(device_, shape_.batch, y_.data(), w_.data(), x_.data(), false, room());
    device_.download(x_.data(), dx);
  }
  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override {
    device_.upload(x, x_.data());
    device_.upload(dy, y_.data());
    convolution_.backward_weights(device_, shape_.batch, x_.data(), y_.data(), w_.data(), room());
    device_.download(w_.data(), dw);
  }

 private:
  using Memory = typename Device::template Memory<Scalar>;
  static Unit unit_of(const ConvShape& shape) {
    Unit unit;
    unit.in_channels = shape.in_channels;
    unit.out_channels = shape.out_channels;
    unit.kernel = shape.kernel;
    unit.stride = shape.stride;
    unit.padding = shape.padding;
    unit.depthwise = shape.depthwise;
    return unit;
  }
  ConvolutionRoom room() { return {columns_.data(), sums_.data(), spare_sums_.data()}; }

  Device device_;
  ConvShape shape_;
  DeviceConvolution convolution_;
  Memory x_, y_, w_, columns_, sums_, spare_sums_;
};

}  // namespace dermdistill::gpu
