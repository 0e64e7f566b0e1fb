// Evaluation mode on a device.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/gpu/device_convolution.h"
#include "core/gpu/norm_items.h"
#include "core/gpu/pooling_items.h"
#include "core/nn/accelerator.h"

namespace dermdistill::gpu {

template <typename Device>
class DeviceInference final : public InferenceEngine {
 public:
  DeviceInference(Device device, const InferenceNumbers& numbers, int max_batch, int height, int width)
      : device_(std::move(device)),
        units_(numbers.units.begin(), numbers.units.end()),
        shapes_(map_shapes(units_, max_batch, height, width)),
        early_unit_(numbers.early_unit) {
    std::int64_t columns = 1;
    maps_.push_back(memory(max_batch, shapes_[0].size()));
    for (std::size_t u = 0; u < units_.size(); ++u) {
      const MapShape &in = shapes_[at(units_[u].input)], &out = shapes_[u + 1];
      maps_.push_back(memory(max_batch, out.size()));
      convolutions_.emplace_back(units_[u], in, out);
      if (units_[u].kind == UnitKind::Convolution) {
        columns = std::max(columns, convolutions_.back().columns_size(max_batch));
      }
      weights_.push_back(copy_of(numbers.weights[u]));
      biases_.push_back(copy_of(numbers.biases[u]));
    }
    check_items(columns);
    columns_ = device_.template memory<Scalar>(static_cast<std::size_t>(columns));
    early_ = memory(max_batch, shapes_[at(early_unit_) + 1].channels);
    embedding_ = memory(max_batch, shapes_.back().channels);
  }

  void forward(std::span<const Scalar> images, int batch, std::span<Scalar> early_embedding,
               std::span<Scalar> embedding, std::span<Scalar> features) override {
    device_.upload(images, maps_[0].data());
    const ConvolutionRoom room{columns_.data(), nullptr, nullptr};
    for (std::size_t u = 0; u < units_.size(); ++u) {
      const Unit& unit = units_[u];
      const MapShape &in = shapes_[at(unit.input)], &out = shapes_[u + 1];
      Scalar* const y = maps_[u + 1].data();
      const Scalar* const x = maps_[at(unit.input)].data();
      if (unit.kind == UnitKind::MaxPool) {
        device_.each(batch * out.size(),
                     MaxPool{x, y, nullptr, in.height, in.width, in.channels, out.height, out.width});
        continue;
      }
      convolutions_[u].forward(device_, batch, x, weights_[u].data(), y, room);
      const Scalar* const residual = unit.residual >= 0 ? maps_[at(unit.residual)].data() : nullptr;
      device_.each(batch * out.size(), BiasActivate{y, biases_[u].data(), residual, out.channels, unit.activation});
    }
    average(at(early_unit_) + 1, batch, early_.data(), early_embedding);
    average(units_.size(), batch, embedding_.data(), embedding);
    device_.download(maps_.back().data(), features);
  }

  void keep(std::span<Scalar> memory) override { pinned_ = device_.pin(memory); }
  std::size_t bytes() const override { return device_.bytes(); }

 private:
  using Memory = typename Device::template Memory<Scalar>;
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  Memory memory(int batch, int size) { return device_.template memory<Scalar>(at(batch) * at(size)); }
  Memory copy_of(const std::vector<Scalar>& values) {
    Memory copy = device_.template memory<Scalar>(std::max<std::size_t>(1, values.size()));
    device_.upload(values, copy.data());
    return copy;
  }
  void average(std::size_t tensor, int batch, Scalar* y, std::span<Scalar> to) {
    const MapShape& map = shapes_[tensor];
    device_.each(batch * map.channels, AveragePool{maps_[tensor].data(), y, map.height * map.width, map.channels});
    device_.download(y, to);
  }

  Device device_;
  typename Device::Pin pinned_;
  std::vector<Unit> units_;
  std::vector<MapShape> shapes_;
  int early_unit_;
  std::vector<DeviceConvolution> convolutions_;
  std::vector<Memory> maps_, weights_, biases_;
  Memory columns_, early_, embedding_;
};

}  // namespace dermdistill::gpu
