// oneDNN's convolutions and matrix products on NHWC tensors; depthwise training runs on the vector kernels, which are
// faster. Twice: all in float32, and with the factors of each convolution's products rounded to bfloat16 (8 bits of
// mantissa, sums in float32), which a processor with such products does about twice as fast.
#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "core/base/error.h"
#include "core/nn/backends.h"
#include "core/nn/depthwise.h"
#include "core/nn/pointwise.h"
#include "core/nn/strided_pointwise.h"
#include "core/nn/winograd.h"

namespace dermdistill {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream& stream() {
  static dnnl::stream instance(engine());
  return instance;
}

using Type = memory::data_type;

memory::desc activation_desc(int batch, int height, int width, int channels, Type type) {
  return {{batch, channels, height, width}, type, Tag::nhwc};
}

memory::dims weight_dims(const ConvShape& s) {
  if (s.depthwise) return {s.out_channels, 1, 1, s.kernel, s.kernel};
  return {s.out_channels, s.in_channels, s.kernel, s.kernel};
}

/// The engine's own weight layout: [out, k, k, in], or [k, k, channels] for depthwise.
memory::desc weight_desc(const ConvShape& s) {
  return {weight_dims(s), Type::f32, s.depthwise ? Tag::hwigo : Tag::ohwi};
}
memory::desc any_weight_desc(const ConvShape& s, Type type) { return {weight_dims(s), type, Tag::any}; }

memory wrap(const memory::desc& desc, const float* data) {
  return {desc, engine(), const_cast<float*>(data)};  // oneDNN has no const memory; inputs are only read
}

/// Weights in the layout that a primitive prefers, reordered from and to ours.
class WeightBuffer {
 public:
  WeightBuffer(const memory::desc& ours, const memory::desc& preferred, bool to_preferred)
      : ours_(ours), same_(ours == preferred) {
    if (same_) return;
    buffer_ = memory(preferred, engine());
    const memory probe(ours, engine(), nullptr);
    reorder_ = to_preferred ? dnnl::reorder(probe, buffer_) : dnnl::reorder(buffer_, probe);
  }
  memory load(const float* weights) {
    memory own = wrap(ours_, weights);
    if (same_) return own;
    reorder_.execute(stream(), own, buffer_);
    return buffer_;
  }
  memory target(float* weights) { return same_ ? wrap(ours_, weights) : buffer_; }
  void store(float* weights) {
    if (same_) return;
    memory own = wrap(ours_, weights);
    reorder_.execute(stream(), buffer_, own);
  }

 private:
  memory::desc ours_;
  bool same_;
  memory buffer_;
  dnnl::reorder reorder_;
};

/// A tensor of ours as a factor of products: itself, or a bfloat16 copy. The copies of all convolutions share memory.
class Factor {
 public:
  enum Slot { kInput, kGradient };
  Factor(const memory::desc& ours, const memory::desc& factor, Slot slot)
      : ours_(ours), factor_(factor), slot_(slot), same_(ours == factor) {
    if (!same_) rounding_ = dnnl::reorder({engine(), ours_, engine(), factor_});
  }
  memory load(std::span<const float> values) {
    memory own = wrap(ours_, values.data());
    if (same_) return own;
    thread_local std::array<std::vector<std::uint16_t>, 2> shared;
    std::vector<std::uint16_t>& store = shared[slot_];
    if (store.size() < values.size()) store.resize(values.size());
    memory copy(factor_, engine(), store.data());
    rounding_.execute(stream(), own, copy);
    return copy;
  }

 private:
  memory::desc ours_, factor_;
  Slot slot_;
  bool same_;
  dnnl::reorder rounding_;
};

/// A convolution's tensors, as we hold them (x, y) and as factors of its products.
struct Descriptors {
  Type type;  // of the factors
  memory::desc x, y, x_factor, y_factor;
  memory::dims strides, padding;
  Descriptors(const ConvShape& s, Type factors)
      : type(factors),
        x(activation_desc(s.batch, s.in_height, s.in_width, s.in_channels, Type::f32)),
        y(activation_desc(s.batch, s.out_height(), s.out_width(), s.out_channels, Type::f32)),
        x_factor(activation_desc(s.batch, s.in_height, s.in_width, s.in_channels, factors)),
        y_factor(activation_desc(s.batch, s.out_height(), s.out_width(), s.out_channels, factors)),
        strides{s.stride, s.stride},
        padding{s.padding, s.padding} {}
};

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

dnnl::convolution_forward::primitive_desc forward_desc(const ConvShape& s, const Descriptors& d, dnnl::prop_kind kind,
                                                       const memory::desc* bias,
                                                       const dnnl::primitive_attr& attributes) {
  const memory::desc weights = any_weight_desc(s, d.type);
  if (bias)
    return {{kind, kDirect, d.x_factor, weights, *bias, d.y, d.strides, d.padding, d.padding}, attributes, engine()};
  return {{kind, kDirect, d.x_factor, weights, d.y, d.strides, d.padding, d.padding}, attributes, engine()};
}

class OneDnnConvolution final : public Convolution {
 public:
  OneDnnConvolution(const ConvShape& s, Type type)
      : d_(s, type),
        forward_pd_(forward_desc(s, d_, dnnl::prop_kind::forward_training, nullptr, {})),
        data_pd_({kDirect, d_.x, any_weight_desc(s, type), d_.y_factor, d_.strides, d_.padding, d_.padding}, engine(),
                 forward_pd_),
        weights_pd_(
            {kDirect, d_.x_factor, any_weight_desc(s, Type::f32), d_.y_factor, d_.strides, d_.padding, d_.padding},
            engine(), forward_pd_),
        forward_(forward_pd_),
        backward_data_(data_pd_),
        backward_weights_(weights_pd_),
        forward_weights_(weight_desc(s), forward_pd_.weights_desc(), true),
        data_weights_(weight_desc(s), data_pd_.weights_desc(), true),
        gradient_(weight_desc(s), weights_pd_.diff_weights_desc(), false),
        x_(d_.x, d_.x_factor, Factor::kInput),
        dy_(d_.y, d_.y_factor, Factor::kGradient) {}

  void forward(std::span<const float> x, std::span<const float> w, std::span<float> y) override {
    run(forward_, {{DNNL_ARG_SRC, x_.load(x)},
                   {DNNL_ARG_WEIGHTS, forward_weights_.load(w.data())},
                   {DNNL_ARG_DST, wrap(d_.y, y.data())}});
  }
  void backward_data(std::span<const float> dy, std::span<const float> w, std::span<float> dx) override {
    run(backward_data_, {{DNNL_ARG_DIFF_DST, dy_.load(dy)},
                         {DNNL_ARG_WEIGHTS, data_weights_.load(w.data())},
                         {DNNL_ARG_DIFF_SRC, wrap(d_.x, dx.data())}});
  }
  void backward_weights(std::span<const float> x, std::span<const float> dy, std::span<float> dw) override {
    run(backward_weights_, {{DNNL_ARG_SRC, x_.load(x)},
                            {DNNL_ARG_DIFF_DST, dy_.load(dy)},
                            {DNNL_ARG_DIFF_WEIGHTS, gradient_.target(dw.data())}});
    gradient_.store(dw.data());
  }

 private:
  static void run(const dnnl::primitive& primitive, const std::unordered_map<int, memory>& arguments) {
    primitive.execute(stream(), arguments);
    stream().wait();
  }

  Descriptors d_;
  dnnl::convolution_forward::primitive_desc forward_pd_;
  dnnl::convolution_backward_data::primitive_desc data_pd_;
  dnnl::convolution_backward_weights::primitive_desc weights_pd_;
  dnnl::convolution_forward forward_;
  dnnl::convolution_backward_data backward_data_;
  dnnl::convolution_backward_weights backward_weights_;
  WeightBuffer forward_weights_, data_weights_, gradient_;
  Factor x_, dy_;
};

class OneDnnFusedConvolution final : public FusedConvolution {
 public:
  OneDnnFusedConvolution(const ConvShape& s, std::span<const float> weight, std::span<const float> bias,
                         Activation activation, bool with_residual, Type type)
      : d_(s, type),
        bias_desc_({s.out_channels}, Type::f32, Tag::x),
        bias_(bias_desc_, engine()),
        x_(d_.x, d_.x_factor, Factor::kInput) {
    dnnl::post_ops operations;
    if (with_residual) operations.append_sum(1.0f);
    if (activation == Activation::Relu) operations.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    if (activation == Activation::Relu6) operations.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0.0f, 6.0f);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(operations);
    const auto pd = forward_desc(s, d_, dnnl::prop_kind::forward_inference, &bias_desc_, attributes);
    primitive_ = dnnl::convolution_forward(pd);
    weights_ = memory(pd.weights_desc(), engine());
    const memory ours = wrap(weight_desc(s), weight.data());
    dnnl::reorder(ours, weights_).execute(stream(), const_cast<memory&>(ours), weights_);
    stream().wait();
    std::copy(bias.begin(), bias.end(), static_cast<float*>(bias_.get_data_handle()));
  }

  void run(std::span<const float> x, std::span<const float> residual, std::span<float> y) override {
    if (!residual.empty() && residual.data() != y.data()) std::copy_n(residual.begin(), y.size(), y.begin());
    primitive_.execute(stream(), {{DNNL_ARG_SRC, x_.load(x)},
                                  {DNNL_ARG_WEIGHTS, weights_},
                                  {DNNL_ARG_BIAS, bias_},
                                  {DNNL_ARG_DST, wrap(d_.y, y.data())}});
    stream().wait();
  }

 private:
  Descriptors d_;
  memory::desc bias_desc_;
  memory bias_, weights_;
  dnnl::convolution_forward primitive_;
  Factor x_;
};

/// oneDNN's failures in our words: its exceptions carry only a status.
template <typename Make>
auto made(const ConvShape& shape, Make&& make) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw ShapeError("oneDNN convolution", std::string(error.what()) + " for " + shape.describe());
  }
}

class OneDnnBackend final : public Backend {
 public:
  explicit OneDnnBackend(Type factors) : factors_(factors) {}

  std::string_view name() const override { return factors_ == Type::f32 ? "onednn" : "onednn_bf16"; }
  bool fuses_blocks() const override { return true; }

  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    if (shape.depthwise) return std::make_unique<DepthwiseConvolution>(shape);
    if (is_strided_pointwise(shape)) return std::make_unique<StridedPointwise>(shape, convolution(dense_shape(shape)));
    if (factors_ == Type::f32 && winograd_pays(shape)) return winograd_convolution(shape);
    if (factors_ == Type::f32 && is_panelled_pointwise(shape)) return pointwise_convolution(shape);
    return made(shape,
                [&]() -> std::unique_ptr<Convolution> { return std::make_unique<OneDnnConvolution>(shape, factors_); });
  }

  std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const float> weight,
                                                      std::span<const float> bias, Activation activation,
                                                      bool with_residual) const override {
    if (is_strided_pointwise(shape))
      return std::make_unique<FusedStridedPointwise>(
          shape, fused_convolution(dense_shape(shape), weight, bias, activation, with_residual));
    if (factors_ == Type::f32 && winograd_pays(shape))
      return fused_winograd_convolution(shape, weight, bias, activation, with_residual);
    if (factors_ == Type::f32 && is_panelled_pointwise(shape))
      return fused_pointwise_convolution(shape, weight, bias, activation, with_residual);
    return made(shape, [&]() -> std::unique_ptr<FusedConvolution> {
      return std::make_unique<OneDnnFusedConvolution>(shape, weight, bias, activation, with_residual,
                                                      shape.depthwise ? Type::f32 : factors_);
    });
  }

  void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
            std::span<const float> a, std::span<const float> b, float beta, std::span<float> c) const override {
    const auto status = dnnl::sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a.data(),
                                    transpose_a ? m : k, b.data(), transpose_b ? k : n, beta, c.data(), n);
    if (status != dnnl::status::success) throw ShapeError("matrix product", "oneDNN refused it");
  }

 private:
  Type factors_;
};

}  // namespace

const Backend& onednn_backend() {
  static const OneDnnBackend backend(Type::f32);
  return backend;
}

const Backend& onednn_bfloat16_backend() {
  constexpr auto kNeeded = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  if ((static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kNeeded) != kNeeded) {
    throw InputError("backend onednn_bf16", "needs a processor with products of bfloat16 (AVX-512 BF16)", "onednn");
  }
  static const OneDnnBackend backend(Type::bf16);
  return backend;
}

}  // namespace dermdistill
