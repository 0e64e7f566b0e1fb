// MobileNetV2's block (Sandler et al. 2018, expansion, depthwise convolution, projection, each with batch norm) as one
// layer for training. The expanded map, six times the input, does not go to memory where it is large: it is computed
// from the input row by row wherever it is needed (the stem's is stored). What batch norm has to know about it follows
// from sums over the input.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/parallel.h"
#include "core/nn/batch_norm.h"
#include "core/nn/block_kernels.h"
#include "core/nn/inverted_residual_parts.h"
#include "core/nn/network_storage.h"
#include "core/nn/thread_scratch.h"

namespace dermdistill {

/// The first block has no expansion of its own: the network's 3x3 stem, stride 2 from the image, takes its place.
struct BlockShape {
  int batch, height, width;  // of the expanded map
  int in_channels, hidden_channels, out_channels, stride;
  bool stem;
  int image_height, image_width;  // of the stem's input

  int out_height() const { return (height - 1) / stride + 1; }
  int out_width() const { return (width - 1) / stride + 1; }
  std::int64_t pixels() const { return static_cast<std::int64_t>(batch) * height * width; }
  std::int64_t out_pixels() const { return static_cast<std::int64_t>(batch) * out_height() * out_width(); }
};

/// The block that starts at unit `first`, or false where the units there are something else.
bool is_inverted_residual(std::span<const Unit> units, std::size_t first);

class InvertedResidual {
 public:
  using Tensors = std::array<UnitTensors*, 3>;  // of expansion, depthwise convolution and projection

  InvertedResidual(const BlockShape& shape, const Tensors& tensors, const BlockKernels& kernels = block_kernels());

  /// Values of the expanded map and of the gradient at the depthwise convolution's output where keeping them from
  /// forward to backward (the gradient within backward) is faster than computing them twice, else 0.
  std::size_t expanded_size() const;
  std::size_t gradient_size() const;
  /// Memory for the expanded map [pixels, hidden_channels], of the stem before its norm, and for that gradient
  /// [out_pixels, hidden_channels]; what is empty is computed twice.
  void keep(std::span<Scalar> expanded, std::span<Scalar> gradient);

  /// Scalars that forward and backward need in every thread's scratch memory.
  std::size_t scratch_size() const;

  /// in [pixels, in_channels] (or the image); keeps the depthwise convolution's output in `middle` [out_pixels,
  /// hidden_channels] and the projection's in `narrow` [out_pixels, out_channels] for backward; out = norm(narrow) (+
  /// in).
  void forward(std::span<const Scalar> in, bool residual, std::span<Scalar> middle, std::span<Scalar> narrow,
               std::span<Scalar> out, ThreadScratch& scratch);

  /// Gradients of all parameters, and d_in unless it is empty, from d_out + d_out2 (or empty). d_narrow [out_pixels,
  /// out_channels] is room to work in; it may be d_out where nothing was added to the output.
  void backward(std::span<const Scalar> in, bool residual, std::span<const Scalar> middle,
                std::span<const Scalar> narrow, std::span<Scalar> d_out, std::span<const Scalar> d_out2,
                std::span<Scalar> d_narrow, std::span<Scalar> d_in, ThreadScratch& scratch);

 private:
  /// Calls body(image, first channel, channels) for all of a part's images: chunk after chunk for a few images at a
  /// time, so that a chunk's weights stay in the cache and the images do too.
  template <typename Body>
  void for_images(int part, int parts, Body&& body) const;

  void load_weights();
  void clear_sums(std::size_t count);
  void add_up_sums(std::size_t count);
  void add_up_scratch(std::size_t offset, std::span<Scalar> to, ThreadScratch& scratch) const;
  void measure_input(const Scalar* in, ThreadScratch& scratch);
  void finish_input_statistics();
  void sample_middle(const Scalar* in, ThreadScratch& scratch);
  void expand_rows(const Scalar* in, std::int64_t image, int first, int count, int c, int channels, Scalar* patches,
                   Rows to) const;
  void normalise_stem(std::int64_t image, int first, int count, int c, int channels, Rows to) const;
  bool keeps_stem() const { return shape_.stem && !kept_expanded_.empty(); }
  DepthwiseRow depthwise_row(const block::RowWindow& window, const Scalar* zeros, int y, int c, int channels) const;
  block::RowWindow expanded_window(Scalar* own, std::int64_t image, int c) const;
  void spatial_forward(const Scalar* in, Scalar* middle, ThreadScratch& scratch);
  void project_forward(const Scalar* middle, Scalar* narrow, ThreadScratch& scratch);
  void project_backward(const Scalar* middle, const Scalar* d_narrow, ThreadScratch& scratch);
  void spatial_backward(const Scalar* in, const Scalar* middle, const Scalar* d_narrow, Scalar* d_in,
                        ThreadScratch& scratch);
  void middle_gradient(const Scalar* middle, const Scalar* d_narrow, std::int64_t row, int count, int c, int channels,
                       Rows to) const;
  DepthwiseBackwardRow depthwise_backward_row(const block::RowWindow& gradients, int y, int c, int channels) const;
  void scale_expansion(const Scalar* scale);
  void finish_expansion_gradients(bool input_gradient, ThreadScratch& scratch);
  void correct_input_gradient(const Scalar* in, const Scalar* d_out, Scalar* d_in);
  /// Rows [first, first + count) of an image's expanded map, as the rows of numbers that the expansion multiplies.
  const Scalar* input_rows(const Scalar* in, std::int64_t image, int first, int count, Scalar* patches) const;

  BlockShape shape_;
  Tensors tensors_;
  const BlockKernels& kernels_;
  int parts_;
  int depth_, used_;  // numbers an expanded pixel is computed from, and how many of them are not just zeros
  bool planes_;       // whole planes at a time, not rows
  int chunk_;         // channels worked on at a time
  std::span<Scalar> kept_expanded_, kept_gradient_;
  BatchNorm expanded_norm_, middle_norm_, narrow_norm_;
  std::vector<Scalar> expansion_, expansion_transposed_, expansion_scaled_, projection_transposed_;
  std::vector<Scalar> covariance_,
      expansion_covariance_;  // of the input: sums of products about the mean; and W times it
  std::vector<double> input_mean_;
  std::vector<Scalar> correction_, correction_constant_;
  std::vector<Scalar> shift_, middle_shift_, narrow_shift_, products_;
  std::size_t sum_stride_;
  std::vector<double> sums_;  // of every thread, sum_stride_ apart
};

template <typename Body>
void InvertedResidual::for_images(int part, int parts, Body&& body) const {
  const auto [first, last] = slice_of(shape_.batch, part, parts);
  for (std::int64_t group = first; group < last; group += block::kImagesAtOnce) {
    for (int c = 0; c < shape_.hidden_channels; c += chunk_) {
      for (std::int64_t image = group; image < std::min(group + block::kImagesAtOnce, last); ++image) {
        body(image, c, std::min(chunk_, shape_.hidden_channels - c));
      }
    }
  }
}

}  // namespace dermdistill
