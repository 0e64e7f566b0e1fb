// The kernels a network is made of, behind one small interface. Tensors are NHWC, contiguous, float32 (see scalar.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/nn/scalar.h"

namespace dermdistill {

enum class Activation { None, Relu, Relu6 };

/// A convolution without bias. `depthwise` means one filter a channel: out_channels == in_channels.
struct ConvShape {
  int batch, in_height, in_width, in_channels, out_channels, kernel, stride, padding;
  bool depthwise;

  int out_height() const { return (in_height + 2 * padding - kernel) / stride + 1; }
  int out_width() const { return (in_width + 2 * padding - kernel) / stride + 1; }
  /// Values in [batch, in_height, in_width, in_channels].
  std::size_t input_size() const { return product(batch, in_height, in_width, in_channels); }
  /// Values in [batch, out_height, out_width, out_channels].
  std::size_t output_size() const { return product(batch, out_height(), out_width(), out_channels); }
  /// Values in [out, k, k, in], or [k, k, channels] when depthwise.
  std::size_t weight_size() const { return product(out_channels, kernel, kernel, depthwise ? 1 : in_channels); }
  std::string describe() const;  // every field, for messages of tests and errors

 private:
  static std::size_t product(int a, int b, int c, int d) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c) *
           static_cast<std::size_t>(d);
  }
};

/// Sums over a convolution's outputs, for batch norm: a row [channels] of y - shift and one of its square for each of
/// thread_count() parts, added to. The shift is the first pixel's output.
struct OutputMoments {
  std::span<Scalar> shift;         // [channels]
  std::span<double> sum, squares;  // [parts, channels]
};

/// One convolution prepared for one shape. Weights are [out, k, k, in] or, depthwise, [k, k, channels].
class Convolution {
 public:
  virtual ~Convolution() = default;
  /// y = conv(x, w).
  virtual void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) = 0;
  /// The same with the moments of y, taken while it is in registers; false, and nothing done, where that is not
  /// offered.
  virtual bool forward_measured(std::span<const Scalar> /*x*/, std::span<const Scalar> /*w*/, std::span<Scalar> /*y*/,
                                const OutputMoments& /*moments*/) {
    return false;
  }
  /// dx = conv^T(dy, w), overwriting dx.
  virtual void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) = 0;
  /// dw from x and dy, overwriting dw.
  virtual void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) = 0;
};

/// A convolution with constant weights for inference: y = act(conv(x) + bias + residual).
class FusedConvolution {
 public:
  virtual ~FusedConvolution() = default;
  /// x [batch, h, w, in]; residual like y, or empty. `batch` at most the shape's.
  virtual void run(std::span<const Scalar> x, std::span<const Scalar> residual, std::span<Scalar> y) = 0;
};

class Accelerator;

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// What runs whole passes of networks in place of the kernels below, or null; see core/nn/accelerator.h.
  virtual const Accelerator* accelerator() const { return nullptr; }
  /// Whether training runs inverted residual blocks as one layer each, instead of unit by unit.
  virtual bool fuses_blocks() const { return false; }
  virtual std::unique_ptr<Convolution> convolution(const ConvShape& shape) const = 0;
  virtual std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                              std::span<const Scalar> bias, Activation activation,
                                                              bool with_residual) const = 0;
  /// Row-major C[m,n] = op(A) op(B) + beta C, op transposing where asked; A is [m,k] or, transposed, [k,m].
  virtual void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                    std::span<const Scalar> a, std::span<const Scalar> b, Scalar beta, std::span<Scalar> c) const = 0;
};

/// "eigen" (everywhere, the reference, unit by unit), "fused" (Eigen's, with whole blocks as one layer), "onednn"
/// (where it was found, with whole blocks too), "onednn_bf16" (the same with products of bfloat16), "wasm_simd" (in
/// WebAssembly), or "auto" for the fastest one built in.
/// @throws InputError for a name that is unknown or not built in.
const Backend& backend_named(std::string_view name);

}  // namespace dermdistill
