// A convolution on a device: a matrix product over patches, or depthwise item by item.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/gpu/convolution_items.h"

namespace dermdistill::gpu {

/// What convolutions work in, shared by all of a network: columns_size() and, for gradients, twice sums_size() values.
struct ConvolutionRoom {
  Scalar *columns = nullptr, *sums = nullptr, *spare_sums = nullptr;
};

class DeviceConvolution {
 public:
  DeviceConvolution(const Unit& unit, const MapShape& in, const MapShape& out)
      : g_{0, in.height, in.width, in.channels, out.height, out.width, unit.kernel, unit.stride, unit.padding},
        out_channels_(out.channels),
        depthwise_(unit.depthwise) {
    if (!depthwise_ || g_.kernel == DepthwiseFilterGradient::kKernel) return;
    // In one piece, as the library of a card holds only what headers define.
    throw ShapeError("depthwise convolution: has a kernel of " + std::to_string(g_.kernel) + "; expected 3");
  }

  std::int64_t columns_size(int batch) const { return depthwise_ || plain() ? 0 : std::int64_t{rows(batch)} * depth(); }
  std::int64_t sums_size(int batch) const { return std::int64_t{parts(batch)} * weights(); }

  /// y = conv(x, w).
  template <typename Device>
  void forward(Device& device, int batch, const Scalar* x, const Scalar* w, Scalar* y,
               const ConvolutionRoom& room) const {
    if (depthwise_) {
      device.each(rows(batch) * out_channels_, Depthwise{x, w, y, geometry(batch)});
      return;
    }
    device.product(false, true, rows(batch), out_channels_, depth(), patches(device, batch, x, room), w, 0, y);
  }

  /// dw, overwritten.
  template <typename Device>
  void backward_weights(Device& device, int batch, const Scalar* x, const Scalar* dy, Scalar* dw,
                        const ConvolutionRoom& room) const {
    const int count = parts(batch), chunk = (rows(batch) + count - 1) / count;
    if (depthwise_) {
      device.each(count * g_.channels, DepthwiseFilterGradient{x, dy, room.sums, geometry(batch), rows(batch), chunk});
    } else {
      const Scalar* columns = patches(device, batch, x, room);
      const int whole = rows(batch) / chunk, rest = rows(batch) - whole * chunk;
      const std::int64_t step_dy = std::int64_t{chunk} * out_channels_, step_columns = std::int64_t{chunk} * depth();
      device.products(true, false, out_channels_, depth(), chunk, dy, step_dy, columns, step_columns, room.sums,
                      weights(), whole);
      if (rest > 0) {
        device.product(true, false, out_channels_, depth(), rest, dy + whole * step_dy, columns + whole * step_columns,
                       0, room.sums + std::int64_t{whole} * weights());
      }
    }
    sum_parts(device, room.sums, room.spare_sums, dw, weights(), count);
  }

  /// dx, overwritten or added to.
  template <typename Device>
  void backward_data(Device& device, int batch, const Scalar* dy, const Scalar* w, Scalar* dx, bool accumulate,
                     const ConvolutionRoom& room) const {
    const int values = batch * g_.height * g_.width * g_.channels;
    if (depthwise_) {
      device.each(values, DepthwiseInputGradient{dy, w, dx, geometry(batch), accumulate});
    } else if (plain()) {
      device.product(false, false, rows(batch), depth(), out_channels_, dy, w, accumulate ? 1 : 0, dx);
    } else {
      device.product(false, false, rows(batch), depth(), out_channels_, dy, w, 0, room.columns);
      device.each(values, PatchGradient{room.columns, dx, geometry(batch), accumulate});
    }
  }

 private:
  bool plain() const { return g_.kernel == 1 && g_.stride == 1; }
  int rows(int batch) const { return batch * g_.out_height * g_.out_width; }
  int depth() const { return g_.kernel * g_.kernel * g_.channels; }
  int weights() const { return depthwise_ ? depth() : out_channels_ * depth(); }
  Geometry geometry(int batch) const {
    Geometry g = g_;
    g.batch = batch;
    return g;
  }

  /// In how many parts the filters' gradient is summed: a small matrix from many rows would else be few items' work.
  int parts(int batch) const {
    constexpr int kRowsAtLeast = 64, kTile = 128, kTiles = 512, kProductRows = 256;
    if (depthwise_) return parts_of(rows(batch), g_.channels, kRowsAtLeast);
    const int tiles = ((out_channels_ + kTile - 1) / kTile) * ((depth() + kTile - 1) / kTile);
    const int wanted = std::max(1, std::min(kTiles / tiles, rows(batch) / kProductRows));
    const int chunk = (rows(batch) + wanted - 1) / wanted;
    return (rows(batch) + chunk - 1) / chunk;
  }

  template <typename Device>
  const Scalar* patches(Device& device, int batch, const Scalar* x, const ConvolutionRoom& room) const {
    if (plain()) return x;
    device.each(rows(batch) * depth(), Patches{x, room.columns, geometry(batch)});
    return room.columns;
  }

  Geometry g_;
  int out_channels_;
  bool depthwise_;
};

/// The maps of the image and of every unit's output. @throws ShapeError for one with too many items in a batch.
inline std::vector<MapShape> map_shapes(std::span<const Unit> units, int batch, int height, int width) {
  std::vector<MapShape> shapes{{height, width, 3}};
  for (const Unit& unit : units) {
    const MapShape in = shapes[static_cast<std::size_t>(unit.input)];
    shapes.push_back({(in.height + 2 * unit.padding - unit.kernel) / unit.stride + 1,
                      (in.width + 2 * unit.padding - unit.kernel) / unit.stride + 1, unit.out_channels});
  }
  for (const MapShape& shape : shapes) check_items(shape.size(batch));
  return shapes;
}

}  // namespace dermdistill::gpu
