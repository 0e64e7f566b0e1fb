// A backend whose passes and convolutions an accelerator runs, and everything else another backend.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "core/nn/accelerator.h"
#include "core/nn/backend.h"

namespace dermdistill {

/// `name`, the accelerator and `rest` must outlive it.
class AcceleratedBackend final : public Backend {
 public:
  AcceleratedBackend(std::string_view name, const Accelerator& accelerator, const Backend& rest)
      : name_(name), accelerator_(accelerator), rest_(rest) {}

  std::string_view name() const override { return name_; }
  const Accelerator* accelerator() const override { return &accelerator_; }
  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    return accelerator_.convolution(shape);
  }
  std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                      std::span<const Scalar> bias, Activation activation,
                                                      bool with_residual) const override {
    return rest_.fused_convolution(shape, weight, bias, activation, with_residual);
  }
  void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
            std::span<const Scalar> a, std::span<const Scalar> b, Scalar beta, std::span<Scalar> c) const override {
    rest_.gemm(transpose_a, transpose_b, m, n, k, a, b, beta, c);
  }

 private:
  std::string_view name_;
  const Accelerator& accelerator_;
  const Backend& rest_;
};

}  // namespace dermdistill
