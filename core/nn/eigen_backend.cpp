// The reference backend: convolutions as matrix products (im2col where the kernel is larger than one pixel) by Eigen.
#include <algorithm>
#include <vector>

#include <Eigen/Core>

#include "core/base/index.h"
#include "core/base/parallel.h"
#include "core/nn/backends.h"
#include "core/nn/depthwise.h"
#include "core/nn/vector_kernels.h"

namespace dermdistill {
namespace {

using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;
using MutableMap = Eigen::Map<Matrix>;

class EigenConvolution final : public Convolution {
 public:
  explicit EigenConvolution(const ConvShape& shape)
      : shape_(shape),
        pixels_(static_cast<std::int64_t>(shape.out_height()) * shape.out_width()),
        patch_(static_cast<std::int64_t>(shape.kernel) * shape.kernel * shape.in_channels),
        direct_(shape.kernel == 1 && shape.stride == 1 && shape.padding == 0),
        threads_(thread_count()),
        columns_(direct_ ? 0 : at(pixels_ * patch_ * threads_)),
        partial_(shape.weight_size() * at(threads_)) {}

  void forward(std::span<const Scalar> x, std::span<const Scalar> w, std::span<Scalar> y) override {
    const ConstMap weight(w.data(), shape_.out_channels, patch_);
    for_images([&](int image, Scalar* scratch) {
      const ConstMap in(columns(x, image, scratch), pixels_, patch_);
      MutableMap out(y.data() + image * pixels_ * shape_.out_channels, pixels_, shape_.out_channels);
      out.noalias() = in * weight.transpose();
    });
  }

  void backward_data(std::span<const Scalar> dy, std::span<const Scalar> w, std::span<Scalar> dx) override {
    const ConstMap weight(w.data(), shape_.out_channels, patch_);
    for_images([&](int image, Scalar* scratch) {
      const ConstMap gradient(dy.data() + image * pixels_ * shape_.out_channels, pixels_, shape_.out_channels);
      Scalar* to = dx.data() + image * in_plane();
      MutableMap patches(direct_ ? to : scratch, pixels_, patch_);
      patches.noalias() = gradient * weight;
      if (!direct_) scatter(scratch, to);
    });
  }

  void backward_weights(std::span<const Scalar> x, std::span<const Scalar> dy, std::span<Scalar> dw) override {
    std::fill(partial_.begin(), partial_.end(), 0.0f);
    const std::int64_t size = shape_.out_channels * patch_;
    parallel_parts(threads_, [&](int part, int parts) {
      MutableMap sum(partial_.data() + size * part, shape_.out_channels, patch_);
      const auto [first, last] = slice_of(shape_.batch, part, parts);
      for (std::int64_t image = first; image < last; ++image) {
        const ConstMap in(columns(x, image, scratch_of(part)), pixels_, patch_);
        const ConstMap gradient(dy.data() + image * pixels_ * shape_.out_channels, pixels_, shape_.out_channels);
        sum.noalias() += gradient.transpose() * in;
      }
    });
    MutableMap total(dw.data(), shape_.out_channels, patch_);
    total.setZero();
    for (int slot = 0; slot < threads_; ++slot)
      total += ConstMap(partial_.data() + size * slot, shape_.out_channels, patch_);
  }

 private:
  std::int64_t in_plane() const {
    return static_cast<std::int64_t>(shape_.in_height) * shape_.in_width * shape_.in_channels;
  }
  Scalar* scratch_of(int part) { return direct_ ? nullptr : columns_.data() + pixels_ * patch_ * part; }

  template <typename Body>
  void for_images(Body&& body) {
    parallel_parts(threads_, [&](int part, int parts) {
      const auto [first, last] = slice_of(shape_.batch, part, parts);
      for (std::int64_t image = first; image < last; ++image) body(static_cast<int>(image), scratch_of(part));
    });
  }

  /// One image's patches as rows [pixels, kernel * kernel * in_channels].
  const Scalar* columns(std::span<const Scalar> x, std::int64_t image, Scalar* scratch) const {
    const Scalar* in = x.data() + image * in_plane();
    if (direct_) return in;
    visit_patches(
        [&](Scalar* row, std::int64_t offset, int channels) {
          if (offset < 0) {
            std::fill(row, row + channels, 0.0f);
          } else {
            std::copy(in + offset, in + offset + channels, row);
          }
        },
        scratch);
    return scratch;
  }

  void scatter(Scalar* scratch, Scalar* dx) const {
    std::fill(dx, dx + in_plane(), 0.0f);
    visit_patches(
        [&](Scalar* row, std::int64_t offset, int channels) {
          if (offset < 0) return;
          for (int c = 0; c < channels; ++c) dx[offset + c] += row[c];
        },
        scratch);
  }

  /// Calls body(position in the patch row, offset of that pixel in the input plane or -1 outside, channels).
  template <typename Body>
  void visit_patches(Body&& body, Scalar* scratch) const {
    Scalar* row = scratch;
    for (int oy = 0; oy < shape_.out_height(); ++oy) {
      for (int ox = 0; ox < shape_.out_width(); ++ox) {
        for (int ky = 0; ky < shape_.kernel; ++ky) {
          for (int kx = 0; kx < shape_.kernel; ++kx, row += shape_.in_channels) {
            const int iy = oy * shape_.stride + ky - shape_.padding, ix = ox * shape_.stride + kx - shape_.padding;
            const bool inside = iy >= 0 && iy < shape_.in_height && ix >= 0 && ix < shape_.in_width;
            body(row, inside ? (static_cast<std::int64_t>(iy) * shape_.in_width + ix) * shape_.in_channels : -1,
                 shape_.in_channels);
          }
        }
      }
    }
  }

  ConvShape shape_;
  std::int64_t pixels_, patch_;
  bool direct_;
  int threads_;
  std::vector<Scalar> columns_, partial_;
};

/// Convolution, then bias, residual and activation in one pass over the result.
class EigenFusedConvolution final : public FusedConvolution {
 public:
  EigenFusedConvolution(std::unique_ptr<Convolution> convolution, const ConvShape& shape,
                        std::span<const Scalar> weight, std::span<const Scalar> bias, Activation activation,
                        bool with_residual)
      : convolution_(std::move(convolution)),
        channels_(shape.out_channels),
        weight_(weight.begin(), weight.end()),
        bias_(bias.begin(), bias.end()),
        ones_(bias.size(), 1.0f),
        residual_(with_residual ? shape.output_size() : 0),
        activation_(activation) {}

  void run(std::span<const Scalar> x, std::span<const Scalar> residual, std::span<Scalar> y) override {
    const Scalar* add = residual.empty() ? nullptr : residual.data();
    if (add == y.data()) {  // the convolution is about to overwrite it
      std::copy_n(add, residual_.size(), residual_.begin());
      add = residual_.data();
    }
    convolution_->forward(x, weight_, y);
    parallel_parts([&](int part, int parts) {
      const auto [first, last] = slice_of(static_cast<std::int64_t>(y.size()) / channels_, part, parts);
      const std::int64_t begin = first * channels_;
      vector_kernels().scale_activate(y.data() + begin, last - first, channels_, ones_.data(), bias_.data(),
                                      add ? add + begin : nullptr, activation_, y.data() + begin);
    });
  }

 private:
  std::unique_ptr<Convolution> convolution_;
  int channels_;
  std::vector<Scalar> weight_, bias_, ones_, residual_;
  Activation activation_;
};

class EigenBackend final : public Backend {
 public:
  explicit EigenBackend(bool fused) : fused_(fused) {}
  std::string_view name() const override { return fused_ ? "fused" : "eigen"; }
  bool fuses_blocks() const override { return fused_; }

  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    if (shape.depthwise) return std::make_unique<DepthwiseConvolution>(shape);
    return std::make_unique<EigenConvolution>(shape);
  }

  std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                      std::span<const Scalar> bias, Activation activation,
                                                      bool with_residual) const override {
    return std::make_unique<EigenFusedConvolution>(convolution(shape), shape, weight, bias, activation, with_residual);
  }

  void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
            std::span<const Scalar> a, std::span<const Scalar> b, Scalar beta, std::span<Scalar> c) const override {
    const ConstMap left(a.data(), transpose_a ? k : m, transpose_a ? m : k);
    const ConstMap right(b.data(), transpose_b ? n : k, transpose_b ? k : n);
    MutableMap result(c.data(), m, n);
    parallel_parts([&](int part, int parts) {
      const auto [first, last] = slice_of(m, part, parts);
      if (first == last) return;
      auto rows = result.middleRows(first, last - first);
      if (beta == 0.0f) {
        rows.setZero();
      } else if (beta != 1.0f) {
        rows *= beta;
      }
      if (transpose_a && transpose_b)
        rows.noalias() += left.middleCols(first, last - first).transpose() * right.transpose();
      if (transpose_a && !transpose_b) rows.noalias() += left.middleCols(first, last - first).transpose() * right;
      if (!transpose_a && transpose_b) rows.noalias() += left.middleRows(first, last - first) * right.transpose();
      if (!transpose_a && !transpose_b) rows.noalias() += left.middleRows(first, last - first) * right;
    });
  }

 private:
  bool fused_;
};

}  // namespace

const Backend& eigen_backend() {
  static const EigenBackend backend(false);
  return backend;
}

const Backend& fused_backend() {
  static const EigenBackend backend(true);
  return backend;
}

}  // namespace dermdistill
