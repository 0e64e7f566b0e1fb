// The library that "cuda" backends load: passes of networks on an NVIDIA card. Needs CUDA 12 or later with cuBLAS.
#include "core/gpu/device_inference.h"
#include "core/gpu/device_single_convolution.h"
#include "core/gpu/device_training.h"
#include "native/gpu/cuda/cuda_device.h"

namespace dermdistill::gpu {
namespace {

class CudaAccelerator final : public Accelerator {
 public:
  explicit CudaAccelerator(bool tf32) : tf32_(tf32) {}

  std::string describe() const override {
    cudaDeviceProp card{};
    check(cudaGetDeviceProperties(&card, 0), "asking for its name");
    return card.name;
  }
  std::unique_ptr<TrainingEngine> training(const TrainingNumbers& numbers, int batch, int height,
                                           int width) const override {
    return std::make_unique<DeviceTraining<CudaDevice>>(CudaDevice(tf32_), numbers, batch, height, width);
  }
  std::unique_ptr<InferenceEngine> inference(const InferenceNumbers& numbers, int max_batch, int height,
                                             int width) const override {
    return std::make_unique<DeviceInference<CudaDevice>>(CudaDevice(tf32_), numbers, max_batch, height, width);
  }
  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    return std::make_unique<DeviceSingleConvolution<CudaDevice>>(CudaDevice(tf32_), shape);
  }

 private:
  bool tf32_;
};

}  // namespace
}  // namespace dermdistill::gpu

/// What gpu_backend.cpp looks for. Null where there is no card; `tf32` chooses the precision of products.
extern "C" __attribute__((visibility("default"))) const dermdistill::Accelerator* dermdistill_accelerator_1(bool tf32) {
  int cards = 0;
  if (cudaGetDeviceCount(&cards) != cudaSuccess || cards < 1) return nullptr;
  static const dermdistill::gpu::CudaAccelerator exact(false), rounded(true);
  return tf32 ? &rounded : &exact;
}
