// One NVIDIA card as a device of core/gpu: memory, copies, items and matrix products. For nvcc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/nn/scalar.h"

namespace dermdistill::gpu {

inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw Error(std::string("the graphics card: ") + what + " failed (" + cudaGetErrorString(status) +
              "); expected a card in working order with enough free memory");
}

inline void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(std::string("the graphics card: ") + what + " failed (cuBLAS status " +
              std::to_string(static_cast<int>(status)) + "); expected a card in working order with enough free memory");
}

template <typename Item>
__global__ void run_items(int count, Item item) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (index < count) item(index);
}

class CudaDevice {
 public:
  template <typename T>
  class Memory {
   public:
    Memory() = default;
    explicit Memory(std::size_t size) {
      T* memory = nullptr;
      check(cudaMalloc(&memory, size * sizeof(T)), "reserving memory");
      memory_.reset(memory);
    }
    T* data() const { return memory_.get(); }

   private:
    struct Free {
      void operator()(T* memory) const { cudaFree(memory); }
    };
    std::unique_ptr<T, Free> memory_;
  };

  /// Keeps host memory in place while it lives, so that copies are fast. A refusal costs only time.
  class Pin {
   public:
    Pin() = default;
    explicit Pin(std::span<Scalar> memory) {
      if (cudaHostRegister(memory.data(), memory.size_bytes(), cudaHostRegisterDefault) == cudaSuccess) {
        memory_.reset(memory.data());
      } else {
        cudaGetLastError();  // forgotten: the copies work without
      }
    }

   private:
    struct Unpin {
      void operator()(Scalar* memory) const { cudaHostUnregister(memory); }
    };
    std::unique_ptr<Scalar, Unpin> memory_;
  };

  /// `tf32`: products of factors rounded to 10 bits, sums in float32.
  explicit CudaDevice(bool tf32) {
    cublasHandle_t handle = nullptr;
    check(cublasCreate(&handle), "starting cuBLAS");
    products_.reset(handle, [](cublasHandle_t used) { cublasDestroy(used); });
    check(cublasSetMathMode(handle, tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH), "setting its precision");
  }

  template <typename T>
  Memory<T> memory(std::size_t size) {
    bytes_ += size * sizeof(T);
    return Memory<T>(size);
  }
  Pin pin(std::span<Scalar> memory) const { return Pin(memory); }
  std::size_t bytes() const { return bytes_; }

  void upload(std::span<const Scalar> from, Scalar* to) {
    check(cudaMemcpy(to, from.data(), from.size_bytes(), cudaMemcpyHostToDevice), "a copy to it");
  }
  void download(const Scalar* from, std::span<Scalar> to) {
    check(cudaMemcpy(to.data(), from, to.size_bytes(), cudaMemcpyDeviceToHost), "a copy from it");
  }

  template <typename Item>
  void each(int count, const Item& item) {
    constexpr int kThreads = 256;
    run_items<<<(static_cast<unsigned>(count) + kThreads - 1) / kThreads, kThreads>>>(count, item);
    check(cudaGetLastError(), "a kernel");
  }

  /// Row-major c [m, n] = op(a) op(b) + beta c.
  void product(bool transpose_a, bool transpose_b, int m, int n, int k, const Scalar* a, const Scalar* b, Scalar beta,
               Scalar* c) {
    const Scalar one = 1;
    check(cublasSgemm(products_.get(), op(transpose_b), op(transpose_a), n, m, k, &one, b, transpose_b ? k : n, a,
                      transpose_a ? m : k, &beta, c, n),
          "a matrix product");
  }
  /// `count` of them, overwriting c, with so many values from one to the next.
  void products(bool transpose_a, bool transpose_b, int m, int n, int k, const Scalar* a, std::int64_t step_a,
                const Scalar* b, std::int64_t step_b, Scalar* c, std::int64_t step_c, int count) {
    const Scalar one = 1, zero = 0;
    check(cublasSgemmStridedBatched(products_.get(), op(transpose_b), op(transpose_a), n, m, k, &one, b,
                                    transpose_b ? k : n, step_b, a, transpose_a ? m : k, step_a, &zero, c, n, step_c,
                                    count),
          "matrix products");
  }

 private:
  static cublasOperation_t op(bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; }

  std::shared_ptr<cublasContext> products_;
  std::size_t bytes_ = 0;
};

}  // namespace dermdistill::gpu
