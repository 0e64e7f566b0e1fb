// Training mode on a device: every map is kept, as its memory is large and its arithmetic fast.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/gpu/device_convolution.h"
#include "core/gpu/norm_items.h"
#include "core/gpu/pooling_items.h"
#include "core/nn/accelerator.h"
#include "core/nn/norm_constants.h"

namespace dermdistill::gpu {

template <typename Device>
class DeviceTraining final : public TrainingEngine {
 public:
  DeviceTraining(Device device, const TrainingNumbers& numbers, int batch, int height, int width)
      : device_(std::move(device)),
        numbers_(numbers),
        batch_(batch),
        shapes_(map_shapes(numbers.units, batch, height, width)),
        pinned_values_(device_.pin(numbers.values)),
        pinned_gradients_(device_.pin(numbers.gradients)) {
    values_ = device_.template memory<Scalar>(numbers.values.size());
    gradients_ = device_.template memory<Scalar>(numbers.gradients.size());
    statistics_ = device_.template memory<Scalar>(numbers.statistics.size());
    tensors_.push_back({map_memory(0), {}, false});
    std::int64_t columns = 1, sums = 1;
    int norm_sums = 1, largest = 1, channels = 1;
    for (std::size_t u = 0; u < numbers.units.size(); ++u) {
      const Unit& unit = numbers.units[u];
      const MapShape& out = shapes_[u + 1];
      Step step{DeviceConvolution(unit, shapes_[at(unit.input)], out), {}, {}, {}, norm_parts(out)};
      if (unit.kind == UnitKind::Convolution) {
        step.raw = map_memory(u + 1);
        step.terms = device_.template memory<Scalar>(kTerms * at(out.channels));
        columns = std::max(columns, step.convolution.columns_size(batch));
        sums = std::max(sums, step.convolution.sums_size(batch));
        norm_sums = std::max(norm_sums, step.norm_parts * 2 * out.channels);
        largest = std::max(largest, out.size());
        channels = std::max(channels, out.channels);
      } else {
        step.winner = device_.template memory<unsigned char>(at(batch) * at(out.size()));
      }
      steps_.push_back(std::move(step));
      tensors_.push_back({map_memory(u + 1), map_memory(u + 1), false});
    }
    check_items(columns);
    columns_ = device_.template memory<Scalar>(static_cast<std::size_t>(columns));
    sums_ = device_.template memory<Scalar>(static_cast<std::size_t>(sums));
    spare_sums_ = device_.template memory<Scalar>(static_cast<std::size_t>(sums));
    norm_sums_ = device_.template memory<double>(at(norm_sums));
    spare_norm_sums_ = device_.template memory<double>(at(norm_sums));
    norm_result_ = device_.template memory<double>(2 * at(channels));
    d_raw_ = device_.template memory<Scalar>(at(batch) * at(largest));
    embedding_ = device_.template memory<Scalar>(at(batch) * at(shapes_.back().channels));
  }

  void forward(std::span<const Scalar> images, std::span<Scalar> embedding, std::span<Scalar> features) override {
    device_.upload(numbers_.values, values_.data());
    device_.upload(numbers_.statistics, statistics_.data());
    device_.upload(images, tensors_[0].value.data());
    for (std::size_t u = 0; u < steps_.size(); ++u) forward_unit(u);
    const MapShape& map = shapes_.back();
    device_.each(batch_ * map.channels,
                 AveragePool{tensors_.back().value.data(), embedding_.data(), map.height * map.width, map.channels});
    device_.download(embedding_.data(), embedding);
    device_.download(tensors_.back().value.data(), features);
    device_.download(statistics_.data(), numbers_.statistics);
  }

  void backward(std::span<const Scalar> d_embedding, std::span<const Scalar> d_features) override {
    for (Tensor& tensor : tensors_) tensor.has_gradient = false;
    const MapShape& map = shapes_.back();
    device_.upload(d_embedding, embedding_.data());
    if (!d_features.empty()) device_.upload(d_features, tensors_.back().gradient.data());
    device_.each(batch_ * map.size(), AveragePoolGradient{embedding_.data(), tensors_.back().gradient.data(),
                                                          map.height * map.width, map.channels, !d_features.empty()});
    for (std::size_t u = steps_.size(); u-- > 0;) backward_unit(u);
    device_.download(gradients_.data(), numbers_.gradients);
  }

  void keep(std::span<Scalar> memory) override { pinned_memory_ = device_.pin(memory); }
  std::size_t bytes() const override { return device_.bytes(); }

 private:
  template <typename T>
  using Memory = typename Device::template Memory<T>;
  static constexpr std::size_t kTerms = 6;  // of NormTerms

  struct Step {
    DeviceConvolution convolution;
    Memory<Scalar> raw, terms;
    Memory<unsigned char> winner;
    int norm_parts;
  };
  struct Tensor {
    Memory<Scalar> value, gradient;
    bool has_gradient;  // of this backward: a further one is added
  };

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  Memory<Scalar> map_memory(std::size_t tensor) {
    return device_.template memory<Scalar>(at(batch_) * at(shapes_[tensor].size()));
  }
  int rows(const MapShape& map) const { return batch_ * map.height * map.width; }
  int norm_parts(const MapShape& map) const {
    constexpr int kRowsAtLeast = 16;
    return parts_of(rows(map), map.channels, kRowsAtLeast);
  }
  ConvolutionRoom room() { return {columns_.data(), sums_.data(), spare_sums_.data()}; }
  NormTerms terms(std::size_t u) {
    Scalar* const first = steps_[u].terms.data();
    const int channels = shapes_[u + 1].channels;
    const auto row = [&](int index) { return first + index * channels; };
    return {row(0), row(1), row(2), row(3), row(4), row(5)};
  }

  void forward_unit(std::size_t u) {
    const Unit& unit = numbers_.units[u];
    Step& step = steps_[u];
    const MapShape &in = shapes_[at(unit.input)], &out = shapes_[u + 1];
    const Scalar* const x = tensors_[at(unit.input)].value.data();
    Scalar* const y = tensors_[u + 1].value.data();
    if (unit.kind == UnitKind::MaxPool) {
      device_.each(batch_ * out.size(),
                   MaxPool{x, y, step.winner.data(), in.height, in.width, in.channels, out.height, out.width});
      return;
    }
    const UnitPlaces& place = numbers_.places[u];
    step.convolution.forward(device_, batch_, x, values_.data() + place.weight, step.raw.data(), room());
    const int chunk = (rows(out) + step.norm_parts - 1) / step.norm_parts;
    device_.each(step.norm_parts * out.channels,
                 NormSums{step.raw.data(), norm_sums_.data(), rows(out), out.channels, chunk});
    double* const sums = summed(step.norm_parts, out.channels);
    const NormTerms t = terms(u);
    device_.each(out.channels,
                 NormMeasure{sums, values_.data() + place.norm_weight, statistics_.data() + place.running_mean,
                             statistics_.data() + place.running_variance, t, rows(out), out.channels, kNormEpsilon,
                             kNormMomentum});
    const Scalar* const residual = unit.residual >= 0 ? tensors_[at(unit.residual)].value.data() : nullptr;
    device_.each(batch_ * out.size(), NormApply{step.raw.data(), residual, y, t, values_.data() + place.norm_bias,
                                                out.channels, unit.activation});
  }

  void backward_unit(std::size_t u) {
    const Unit& unit = numbers_.units[u];
    Step& step = steps_[u];
    const MapShape &in = shapes_[at(unit.input)], &out = shapes_[u + 1];
    Tensor &input = tensors_[at(unit.input)], &output = tensors_[u + 1];
    if (unit.kind == UnitKind::MaxPool) {
      device_.each(batch_ * in.size(),
                   MaxPoolGradient{output.gradient.data(), step.winner.data(), input.gradient.data(), in.height,
                                   in.width, in.channels, out.height, out.width, input.has_gradient});
      input.has_gradient = true;
      return;
    }
    const UnitPlaces& place = numbers_.places[u];
    const int chunk = (rows(out) + step.norm_parts - 1) / step.norm_parts;
    const NormTerms t = terms(u);
    device_.each(step.norm_parts * out.channels,
                 NormGradientSums{output.gradient.data(), step.raw.data(), output.value.data(), t.mean,
                                  norm_sums_.data(), rows(out), out.channels, chunk, unit.activation});
    double* const sums = summed(step.norm_parts, out.channels);
    device_.each(out.channels,
                 NormGradientTerms{sums, values_.data() + place.norm_weight, gradients_.data() + place.norm_weight,
                                   gradients_.data() + place.norm_bias, t, rows(out), out.channels});
    device_.each(batch_ * out.size(),
                 NormGradient{output.gradient.data(), step.raw.data(), d_raw_.data(), t, out.channels});
    if (unit.residual > 0) {
      Tensor& residual = tensors_[at(unit.residual)];
      device_.each(batch_ * out.size(), AddTo{output.gradient.data(), residual.gradient.data(), residual.has_gradient});
      residual.has_gradient = true;
    }
    step.convolution.backward_weights(device_, batch_, input.value.data(), d_raw_.data(),
                                      gradients_.data() + place.weight, room());
    if (unit.input == 0) return;
    step.convolution.backward_data(device_, batch_, d_raw_.data(), values_.data() + place.weight, input.gradient.data(),
                                   input.has_gradient, room());
    input.has_gradient = true;
  }

  /// The sums over all parts of a norm, two rows of channels.
  double* summed(int parts, int channels) {
    sum_parts(device_, norm_sums_.data(), spare_norm_sums_.data(), norm_result_.data(), 2 * channels, parts);
    return norm_result_.data();
  }

  Device device_;
  TrainingNumbers numbers_;
  int batch_;
  std::vector<MapShape> shapes_;
  typename Device::Pin pinned_values_, pinned_gradients_, pinned_memory_;
  std::vector<Step> steps_;
  std::vector<Tensor> tensors_;
  Memory<Scalar> values_, gradients_, statistics_, columns_, sums_, spare_sums_, d_raw_, embedding_;
  Memory<double> norm_sums_, spare_norm_sums_, norm_result_;
};

}  // namespace dermdistill::gpu
