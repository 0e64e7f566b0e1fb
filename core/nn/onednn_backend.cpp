// oneDNN's convolutions and matrix products on NHWC tensors; depthwise training runs on the vector kernels, which are
// faster.
#include <algorithm>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "core/base/error.h"
#include "core/nn/backends.h"
#include "core/nn/depthwise.h"

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

memory::desc activation_desc(int batch, int height, int width, int channels) {
  return {{batch, channels, height, width}, memory::data_type::f32, Tag::nhwc};
}

memory::dims weight_dims(const ConvShape& s) {
  if (s.depthwise) return {s.out_channels, 1, 1, s.kernel, s.kernel};
  return {s.out_channels, s.in_channels, s.kernel, s.kernel};
}

/// The engine's own weight layout: [out, k, k, in], or [k, k, channels] for depthwise.
memory::desc weight_desc(const ConvShape& s) {
  return {weight_dims(s), memory::data_type::f32, s.depthwise ? Tag::hwigo : Tag::ohwi};
}
memory::desc any_weight_desc(const ConvShape& s) { return {weight_dims(s), memory::data_type::f32, Tag::any}; }

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

struct Descriptors {
  memory::desc x, y;
  memory::dims strides, padding;
  explicit Descriptors(const ConvShape& s)
      : x(activation_desc(s.batch, s.in_height, s.in_width, s.in_channels)),
        y(activation_desc(s.batch, s.out_height(), s.out_width(), s.out_channels)),
        strides{s.stride, s.stride},
        padding{s.padding, s.padding} {}
};

dnnl::convolution_forward::primitive_desc forward_desc(const ConvShape& s, const Descriptors& d, dnnl::prop_kind kind,
                                                       const memory::desc* bias,
                                                       const dnnl::primitive_attr& attributes) {
  if (bias) {
    const dnnl::convolution_forward::desc op(kind, dnnl::algorithm::convolution_direct, d.x, any_weight_desc(s), *bias,
                                             d.y, d.strides, d.padding, d.padding);
    return {op, attributes, engine()};
  }
  const dnnl::convolution_forward::desc op(kind, dnnl::algorithm::convolution_direct, d.x, any_weight_desc(s), d.y,
                                           d.strides, d.padding, d.padding);
  return {op, attributes, engine()};
}

class OneDnnConvolution final : public Convolution {
 public:
  explicit OneDnnConvolution(const ConvShape& s)
      : d_(s),
        forward_pd_(forward_desc(s, d_, dnnl::prop_kind::forward_training, nullptr, {})),
        data_pd_(
            {dnnl::algorithm::convolution_direct, d_.x, any_weight_desc(s), d_.y, d_.strides, d_.padding, d_.padding},
            engine(), forward_pd_),
        weights_pd_(
            {dnnl::algorithm::convolution_direct, d_.x, any_weight_desc(s), d_.y, d_.strides, d_.padding, d_.padding},
            engine(), forward_pd_),
        forward_(forward_pd_),
        backward_data_(data_pd_),
        backward_weights_(weights_pd_),
        forward_weights_(weight_desc(s), forward_pd_.weights_desc(), true),
        data_weights_(weight_desc(s), data_pd_.weights_desc(), true),
        gradient_(weight_desc(s), weights_pd_.diff_weights_desc(), false) {}

  void forward(std::span<const float> x, std::span<const float> w, std::span<float> y) override {
    run(forward_, {{DNNL_ARG_SRC, wrap(d_.x, x.data())},
                   {DNNL_ARG_WEIGHTS, forward_weights_.load(w.data())},
                   {DNNL_ARG_DST, wrap(d_.y, y.data())}});
  }
  void backward_data(std::span<const float> dy, std::span<const float> w, std::span<float> dx) override {
    run(backward_data_, {{DNNL_ARG_DIFF_DST, wrap(d_.y, dy.data())},
                         {DNNL_ARG_WEIGHTS, data_weights_.load(w.data())},
                         {DNNL_ARG_DIFF_SRC, wrap(d_.x, dx.data())}});
  }
  void backward_weights(std::span<const float> x, std::span<const float> dy, std::span<float> dw) override {
    run(backward_weights_, {{DNNL_ARG_SRC, wrap(d_.x, x.data())},
                            {DNNL_ARG_DIFF_DST, wrap(d_.y, dy.data())},
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
};

class OneDnnFusedConvolution final : public FusedConvolution {
 public:
  OneDnnFusedConvolution(const ConvShape& s, std::span<const float> weight, std::span<const float> bias,
                         Activation activation, bool with_residual)
      : d_(s), bias_desc_({s.out_channels}, memory::data_type::f32, Tag::x), bias_(bias_desc_, engine()) {
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
    primitive_.execute(stream(), {{DNNL_ARG_SRC, wrap(d_.x, x.data())},
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
  std::string_view name() const override { return "onednn"; }
  bool fuses_blocks() const override { return true; }

  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    if (shape.depthwise) return std::make_unique<DepthwiseConvolution>(shape);
    return made(shape, [&]() -> std::unique_ptr<Convolution> { return std::make_unique<OneDnnConvolution>(shape); });
  }

  std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const float> weight,
                                                      std::span<const float> bias, Activation activation,
                                                      bool with_residual) const override {
    return made(shape, [&]() -> std::unique_ptr<FusedConvolution> {
      return std::make_unique<OneDnnFusedConvolution>(shape, weight, bias, activation, with_residual);
    });
  }

  void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
            std::span<const float> a, std::span<const float> b, float beta, std::span<float> c) const override {
    const auto status = dnnl::sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a.data(),
                                    transpose_a ? m : k, b.data(), transpose_b ? k : n, beta, c.data(), n);
    if (status != dnnl::status::success) throw ShapeError("matrix product", "oneDNN refused it");
  }
};

}  // namespace

const Backend& onednn_backend() {
  static const OneDnnBackend backend;
  return backend;
}

}  // namespace dermdistill
