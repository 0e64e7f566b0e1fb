// This processor as a device of core/gpu, one item after another: what runs on a graphics card, tested without one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/gpu/device_inference.h"
#include "core/gpu/device_single_convolution.h"
#include "core/gpu/device_training.h"
#include "core/nn/accelerated_backend.h"

namespace dermdistill::gpu {

class HostDevice {
 public:
  template <typename T>
  class Memory {
   public:
    Memory() = default;
    explicit Memory(std::size_t size) : values_(size, static_cast<T>(77)) {}  // not zero, as a card's memory is not
    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }

   private:
    std::vector<T> values_;
  };
  struct Pin {};

  template <typename T>
  Memory<T> memory(std::size_t size) {
    bytes_ += size * sizeof(T);
    return Memory<T>(size);
  }
  Pin pin(std::span<Scalar> /*memory*/) const { return {}; }
  std::size_t bytes() const { return bytes_; }
  void upload(std::span<const Scalar> from, Scalar* to) { std::copy(from.begin(), from.end(), to); }
  void download(const Scalar* from, std::span<Scalar> to) { std::copy_n(from, to.size(), to.begin()); }

  template <typename Item>
  void each(int count, const Item& item) {
    for (int i = count; i-- > 0;) item(i);  // backwards, as no order is promised
  }

  void product(bool transpose_a, bool transpose_b, int m, int n, int k, const Scalar* a, const Scalar* b, Scalar beta,
               Scalar* c) {
    const std::size_t rows = size(m), columns = size(n), depth = size(k);
    // Where beta is zero, c may hold anything, also what is no number.
    if (beta == 0) std::fill_n(c, rows * columns, Scalar{0});
    backend_named("eigen").gemm(transpose_a, transpose_b, m, n, k, {a, rows * depth}, {b, depth * columns}, beta,
                                {c, rows * columns});
  }
  void products(bool transpose_a, bool transpose_b, int m, int n, int k, const Scalar* a, std::int64_t step_a,
                const Scalar* b, std::int64_t step_b, Scalar* c, std::int64_t step_c, int count) {
    for (int i = 0; i < count; ++i) {
      product(transpose_a, transpose_b, m, n, k, a + i * step_a, b + i * step_b, 0, c + i * step_c);
    }
  }

 private:
  static std::size_t size(int value) { return static_cast<std::size_t>(value); }
  std::size_t bytes_ = 0;
};

class HostAccelerator final : public Accelerator {
 public:
  std::string describe() const override { return "this processor"; }
  std::unique_ptr<TrainingEngine> training(const TrainingNumbers& numbers, int batch, int height,
                                           int width) const override {
    return std::make_unique<DeviceTraining<HostDevice>>(HostDevice(), numbers, batch, height, width);
  }
  std::unique_ptr<InferenceEngine> inference(const InferenceNumbers& numbers, int max_batch, int height,
                                             int width) const override {
    return std::make_unique<DeviceInference<HostDevice>>(HostDevice(), numbers, max_batch, height, width);
  }
  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    return std::make_unique<DeviceSingleConvolution<HostDevice>>(HostDevice(), shape);
  }
};

/// Passes and convolutions by the device's items, everything else by Eigen.
inline const AcceleratedBackend& host_device_backend() {
  static const HostAccelerator accelerator;
  static const AcceleratedBackend backend("device items on this processor", accelerator, backend_named("eigen"));
  return backend;
}

}  // namespace dermdistill::gpu
