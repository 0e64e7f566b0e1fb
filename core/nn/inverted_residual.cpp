#include "core/nn/inverted_residual.h"

#include <algorithm>

#include "core/base/parallel.h"
#include "core/nn/inverted_residual_parts.h"

namespace dermdistill {
namespace {
constexpr int kSymmetricColumns = 16;
constexpr int kNarrowSlabRows = 36;  // rows of few channels that stay in the first cache
}  // namespace

bool is_inverted_residual(std::span<const Unit> units, std::size_t first) {
  if (first + 3 > units.size()) return false;
  const Unit &expansion = units[first], &depthwise = units[first + 1], &projection = units[first + 2];
  const int tensor = static_cast<int>(first) + 1;  // the expansion's output
  const auto whole = [](int channels) { return channels % kChannelMultiple == 0; };
  const bool pointwise = expansion.kernel == 1 && expansion.stride == 1 && whole(expansion.in_channels);
  const bool stem = first == 0 && expansion.kernel == 3 && expansion.stride == 2 && expansion.padding == 1;
  if (!pointwise && !stem) return false;
  if (expansion.kind != UnitKind::Convolution || expansion.depthwise || expansion.residual >= 0 ||
      expansion.activation != Activation::Relu6 || !whole(expansion.out_channels)) {
    return false;
  }
  if (!depthwise.depthwise || depthwise.kernel != 3 || depthwise.padding != 1 || depthwise.input != tensor ||
      depthwise.residual >= 0 || depthwise.activation != Activation::Relu6) {
    return false;
  }
  if (projection.kind != UnitKind::Convolution || projection.depthwise || projection.kernel != 1 ||
      projection.stride != 1 || projection.input != tensor + 1 || projection.activation != Activation::None ||
      !whole(projection.out_channels) || (projection.residual >= 0 && projection.residual != expansion.input)) {
    return false;
  }
  for (std::size_t u = first + 2; u < units.size(); ++u) {  // nobody else may read what the block keeps to itself
    if (u > first + 2 && (units[u].input == tensor || units[u].input == tensor + 1)) return false;
    if (units[u].residual == tensor || units[u].residual == tensor + 1) return false;
  }
  return true;
}

InvertedResidual::InvertedResidual(const BlockShape& shape, const Tensors& tensors, const BlockKernels& kernels)
    : shape_(shape),
      tensors_(tensors),
      kernels_(kernels),
      parts_(thread_count()),
      depth_(shape.stem ? block::kPatch : shape.in_channels),
      used_(shape.stem ? block::kPatchValues : shape.in_channels),
      planes_(!shape.stem && shape.height * shape.width <= block::kPlanePixels),
      chunk_(shape.width > 16 ? shape.hidden_channels : std::min(shape.hidden_channels, 192)),
      expanded_norm_(shape.hidden_channels),
      middle_norm_(shape.hidden_channels),
      narrow_norm_(shape.out_channels) {
  const std::size_t hidden = at(shape.hidden_channels), depth = at(depth_);
  for (auto* weights : {&expansion_, &expansion_transposed_, &expansion_scaled_, &expansion_covariance_, &products_}) {
    weights->resize(hidden * depth);
  }
  projection_transposed_.resize(hidden * at(shape.out_channels));
  covariance_.resize(depth * depth);
  correction_.resize(depth * depth);
  correction_constant_.resize(depth);
  input_mean_.resize(depth);
  shift_.resize(hidden);
  middle_shift_.resize(hidden);
  narrow_shift_.resize(at(shape.out_channels));
  sum_stride_ = 2 * hidden + std::max(depth + depth * depth, 2 * at(shape.out_channels));
  sums_.resize(sum_stride_ * at(parts_));
}

// A product that computes a value again takes longer than storing and loading it from this depth on. The stem's does
// too: its patches have to be gathered, and it is computed before its norm anyway.
std::size_t InvertedResidual::expanded_size() const {
  return shape_.stem || shape_.in_channels >= 96 ? at(shape_.pixels()) * at(shape_.hidden_channels) : 0;
}
std::size_t InvertedResidual::gradient_size() const {
  return shape_.out_channels >= 64 ? at(shape_.out_pixels()) * at(shape_.hidden_channels) : 0;
}

void InvertedResidual::keep(std::span<Scalar> expanded, std::span<Scalar> gradient) {
  kept_expanded_ = expanded;
  kept_gradient_ = gradient;
}

std::size_t InvertedResidual::scratch_size() const {
  const std::size_t hidden = at(shape_.hidden_channels), depth = at(depth_), out = at(shape_.out_channels),
                    chunk = at(chunk_), width = at(shape_.width);
  const std::size_t plane = at(shape_.height) * width;
  const std::size_t slab = planes_ ? plane : at(block::kSlabPixels) + width,
                    window = (planes_ ? plane : 4 * width) * chunk;
  const std::size_t measuring = depth * depth + 3 * hidden + depth + 2 * (at(block::kSlabPixels) + width) * depth;
  const std::size_t forward = std::max(window, 4 * width * chunk) + width * hidden + 2 * hidden + slab * depth;
  const std::size_t projecting =
      256 * chunk + 2 * hidden + hidden * out + at(block::slab_rows(shape_.hidden_channels)) * hidden;
  const std::size_t backward = depth * hidden + 9 * hidden + hidden + 2 * slab * chunk + slab * depth + window;
  return std::max({measuring, forward, projecting, backward}) + 16 * 8;  // every piece begins on a cache line
}

const Scalar* InvertedResidual::input_rows(const Scalar* in, std::int64_t image, int first, int count,
                                           Scalar* patches) const {
  if (!shape_.stem) return in + (image * shape_.height + first) * shape_.width * depth_;
  const Scalar* plane = in + image * shape_.image_height * shape_.image_width * shape_.in_channels;
  for (int row = 0; row < count; ++row) {
    block::gather_patches(plane, shape_.image_height, shape_.image_width, first + row, shape_.width,
                          patches + static_cast<std::int64_t>(row) * shape_.width * depth_);
  }
  return patches;
}

void InvertedResidual::load_weights() {
  const int hidden = shape_.hidden_channels, own = static_cast<int>(tensors_[0]->weight.size()) / hidden;
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(hidden, part, parts);
    for (std::int64_t c = first; c < last; ++c) {
      for (int k = 0; k < own; ++k) {
        const Scalar w = tensors_[0]->weight[at(c * own + k)];
        expansion_[at(c * depth_ + k)] = w;
        expansion_transposed_[at(static_cast<std::int64_t>(k) * hidden + c)] = w;
      }
      for (int o = 0; o < shape_.out_channels; ++o) {
        projection_transposed_[at(c * shape_.out_channels + o)] =
            tensors_[2]->weight[at(static_cast<std::int64_t>(o) * hidden + c)];
      }
    }
  });
}

/// Sets the first `count` of every thread's sums to zero.
void InvertedResidual::clear_sums(std::size_t count) {
  for (std::size_t part = 0; part < at(parts_); ++part) std::fill_n(sums_.data() + part * sum_stride_, count, 0.0);
}

/// Adds them up into the first thread's, in order.
void InvertedResidual::add_up_sums(std::size_t count) {
  for (std::size_t part = 1; part < at(parts_); ++part) {
    for (std::size_t i = 0; i < count; ++i) sums_[i] += sums_[part * sum_stride_ + i];
  }
}

void InvertedResidual::forward(std::span<const Scalar> in, bool residual, std::span<Scalar> middle,
                               std::span<Scalar> narrow, std::span<Scalar> out, ThreadScratch& scratch) {
  load_weights();
  measure_input(in.data(), scratch);
  spatial_forward(in.data(), middle.data(), scratch);
  project_forward(middle.data(), narrow.data(), scratch);
  narrow_norm_.apply(narrow, residual ? in : std::span<const Scalar>(), Activation::None, out);
}

void InvertedResidual::measure_input(const Scalar* in, ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels;
  if (shape_.stem) {
    Scalar* patches = scratch.of(0).take(at(shape_.width) * at(depth_));
    const Scalar* row = input_rows(in, 0, shape_.height / 2, 1, patches);
    kernels_.multiply(
        {1, hidden, used_, {row + shape_.width / 2 * depth_, depth_}, {expansion_transposed_.data(), hidden}},
        {shift_.data(), hidden});
  }
  clear_sums(sum_stride_);
  parallel_parts(parts_, [&](int part, int parts) {
    ScratchPieces pieces = scratch.of(part);
    const std::size_t squares = at(depth_) * at(depth_);
    Scalar *products = pieces.take(squares), *moments = pieces.take(2 * at(hidden)), *totals = pieces.take(at(depth_));
    Scalar* patches = pieces.take(at(block::kSlabPixels + shape_.width) * at(depth_));
    std::fill_n(products, squares, Scalar(0));
    std::fill_n(moments, 2 * hidden, Scalar(0));
    std::fill_n(totals, depth_, Scalar(0));
    double *moment_sums = sums_.data() + at(part) * sum_stride_, *columns = moment_sums + 2 * hidden;
    const bool streamed = passes_cache(kept_expanded_.data(), shape_.pixels(), hidden);
    const auto measure = [&](const Scalar* rows, std::int64_t pixel, std::int64_t count) {
      const ConstRows x{rows, depth_};
      for (int c = 0; c < depth_;
           c += kSymmetricColumns) {  // of the symmetric products only what is below the diagonal
        kernels_.multiply_accumulate_transposed(
            {used_ - c, std::min(kSymmetricColumns, depth_ - c), count, {rows + c, depth_}, {rows + c, depth_}},
            {products + static_cast<std::int64_t>(c) * (depth_ + 1), depth_});
      }
      block::flush(products, columns + depth_, depth_ * depth_);
      kernels_.sum_columns(count, depth_, x, totals);
      block::flush(totals, columns, depth_);
      if (!shape_.stem) return;
      kernels_.multiply_measure(
          {count, hidden, used_, x, {expansion_transposed_.data(), hidden}}, shift_.data(), {moments, moments + hidden},
          {kept_expanded_.empty() ? nullptr : kept_expanded_.data() + pixel * hidden, hidden, streamed});
      block::flush(moments, moment_sums, 2 * hidden);
    };
    const auto [first, last] = slice_of(shape_.batch, part, parts);
    if (shape_.stem) {
      const int step = std::max(1, block::kSlabPixels / shape_.width);
      for (std::int64_t image = first; image < last; ++image) {
        for (int row = 0; row < shape_.height; row += step) {
          const int count = std::min(step, shape_.height - row);
          measure(input_rows(in, image, row, count, patches), (image * shape_.height + row) * shape_.width,
                  static_cast<std::int64_t>(count) * shape_.width);
        }
      }
      return;
    }
    const std::int64_t plane = static_cast<std::int64_t>(shape_.height) * shape_.width;
    for (std::int64_t pixel = first * plane; pixel < last * plane; pixel += 2 * block::kSlabPixels) {
      measure(in + pixel * depth_, pixel, std::min<std::int64_t>(2 * block::kSlabPixels, last * plane - pixel));
    }
  });
  add_up_sums(sum_stride_);
  finish_input_statistics();
}

/// The expansion is linear: its mean and variance follow from the input's, W m and diag(W C W'). The stem's are
/// measured: neighbouring pixels of a photograph are too alike for that difference in float32.
void InvertedResidual::finish_input_statistics() {
  const std::int64_t pixels = shape_.pixels();
  const double n = static_cast<double>(pixels);
  const int hidden = shape_.hidden_channels;
  const double *columns = sums_.data() + 2 * hidden, *products = columns + depth_;
  for (int j = 0; j < depth_; ++j) input_mean_[at(j)] = columns[j] / n;
  for (int j = 0; j < depth_; ++j) {
    for (int k = 0; k < depth_; ++k) {
      const double product = products[std::max(j, k) * depth_ + std::min(j, k)];
      covariance_[at(j * depth_ + k)] = static_cast<Scalar>(product - n * input_mean_[at(j)] * input_mean_[at(k)]);
    }
  }
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(hidden, part, parts);
    Scalar* covariances = expansion_covariance_.data() + first * depth_;
    kernels_.multiply(
        {last - first, depth_, depth_, {expansion_.data() + first * depth_, depth_}, {covariance_.data(), depth_}},
        {covariances, depth_});
    if (shape_.stem) return;
    for (std::int64_t c = first; c < last; ++c) {
      double mean = 0, variance = 0;
      for (int k = 0; k < depth_; ++k) {
        const double w = static_cast<double>(expansion_[at(c * depth_ + k)]);
        mean += w * input_mean_[at(k)];
        variance += w * static_cast<double>(expansion_covariance_[at(c * depth_ + k)]);
      }
      shift_[at(c)] = static_cast<Scalar>(mean);
      sums_[at(c)] = n * (mean - static_cast<double>(shift_[at(c)]));
      sums_[at(hidden + c)] = variance;
    }
  });
  const UnitTensors& t = *tensors_[0];
  expanded_norm_.set_moments(shift_, sums_, std::span(sums_).subspan(at(hidden)), pixels, t.norm_weight, t.norm_bias,
                             t.running_mean, t.running_variance);
}

// Moments are taken about one pixel's value in the middle of the first image: about zero, channels that hardly vary
// (dead or saturated ones, which trained networks have) would lose their variance to rounding.

void InvertedResidual::sample_middle(const Scalar* in, ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels, width = shape_.width, oy = shape_.out_height() / 2,
            ox = shape_.out_width() / 2, middle = oy * shape_.stride;
  ScratchPieces pieces = scratch.of(0);
  const block::RowWindow window{pieces.take(at(4 * width * chunk_)), chunk_, width * chunk_, false};
  Scalar *zeros = pieces.take(at(width * hidden)), *moments = pieces.take(2 * at(hidden)),
         *patches = pieces.take(at(width) * at(depth_));
  std::fill_n(zeros, width * hidden, Scalar(0));
  for (int c = 0; c < hidden; c += chunk_) {
    const int channels = std::min(chunk_, hidden - c);
    for (int y = std::max(middle - 1, 0); y <= std::min(middle + 1, shape_.height - 1); ++y) {
      expand_rows(in, 0, y, 1, c, channels, patches, window.rows(y));
    }
    DepthwiseRow row = depthwise_row(window, zeros, middle, c, channels);
    row.first = ox;
    row.last = ox + 1;
    kernels_.depthwise_row(row, moments, {moments, moments + hidden}, {middle_shift_.data() + c, hidden});
  }
}

/// Channels [c, c + channels) of rows of the expanded map, normalised and activated.
void InvertedResidual::expand_rows(const Scalar* in, std::int64_t image, int first, int count, int c, int channels,
                                   Scalar* patches, Rows to) const {
  if (keeps_stem()) return normalise_stem(image, first, count, c, channels, to);
  kernels_.multiply_normalise({static_cast<std::int64_t>(count) * shape_.width,
                               channels,
                               used_,
                               {input_rows(in, image, first, count, patches), depth_},
                               {expansion_transposed_.data() + c, shape_.hidden_channels}},
                              block::from(expanded_norm_.terms(), c), to);
}

/// The same from the stem's own output.
void InvertedResidual::normalise_stem(std::int64_t image, int first, int count, int c, int channels, Rows to) const {
  const std::int64_t hidden = shape_.hidden_channels, pixel = (image * shape_.height + first) * shape_.width;
  kernels_.normalise(static_cast<std::int64_t>(count) * shape_.width, channels,
                     {kept_expanded_.data() + pixel * hidden + c, hidden}, block::from(expanded_norm_.terms(), c), to);
}

/// Where an image's expanded map is: kept whole, or in a thread's own memory.
block::RowWindow InvertedResidual::expanded_window(Scalar* own, std::int64_t image, int c) const {
  if (kept_expanded_.empty() || shape_.stem) return {own, chunk_, shape_.width * chunk_, planes_};
  const std::int64_t hidden = shape_.hidden_channels;
  return {kept_expanded_.data() + image * shape_.height * shape_.width * hidden + c, hidden, shape_.width * hidden,
          true};
}

DepthwiseRow InvertedResidual::depthwise_row(const block::RowWindow& window, const Scalar* zeros, int y, int c,
                                             int channels) const {
  const auto row = [&](int index) { return index < 0 || index >= shape_.height ? zeros : window.row(index); };
  return {{row(y - 1), row(y), row(y + 1)},
          window.pixel_stride,
          tensors_[1]->weight.data() + c,
          shape_.hidden_channels,
          channels,
          shape_.width,
          shape_.stride,
          0,
          shape_.out_width()};
}

void InvertedResidual::spatial_forward(const Scalar* in, Scalar* middle, ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels, width = shape_.width, out_height = shape_.out_height(),
            out_width = shape_.out_width(), rows = planes_ ? shape_.height : 1;
  const bool streamed = passes_cache(middle, shape_.out_pixels(), hidden);
  sample_middle(in, scratch);
  clear_sums(2 * at(hidden));
  parallel_parts(parts_, [&](int part, int parts) {
    ScratchPieces pieces = scratch.of(part);
    Scalar *own = pieces.take(at((planes_ ? shape_.height : 4) * width * chunk_)),
           *zeros = pieces.take(at(width * hidden)), *moments = pieces.take(2 * at(hidden)),
           *patches = pieces.take(at(width) * at(depth_));
    std::fill_n(zeros, width * hidden, Scalar(0));
    std::fill_n(moments, 2 * hidden, Scalar(0));
    double* moment_sums = sums_.data() + at(part) * sum_stride_;
    int pending = 0;
    const auto flush = [&](int c, int channels) {
      block::flush(moments + c, moment_sums + c, channels);
      block::flush(moments + hidden + c, moment_sums + hidden + c, channels);
      pending = 0;
    };
    for_images(part, parts, [&](std::int64_t image, int c, int channels) {
      const block::RowWindow window = expanded_window(own, image, c);
      int made = 0;
      for (int oy = 0; oy < out_height; ++oy) {
        for (; made <= std::min(oy * shape_.stride + 1, shape_.height - 1); made += rows) {
          expand_rows(in, image, made, rows, c, channels, patches, window.rows(made));
        }
        const DepthwiseRow row = depthwise_row(window, zeros, oy * shape_.stride, c, channels);
        kernels_.depthwise_row(row, middle_shift_.data() + c, {moments + c, moments + hidden + c},
                               {middle + (image * out_height + oy) * out_width * hidden + c, hidden, streamed});
        if ((pending += out_width) >= block::kFlushPixels) flush(c, channels);
      }
      if (chunk_ < hidden) flush(c, channels);  // the next chunk counts its own
    });
    flush(0, hidden);
  });
  add_up_sums(2 * at(hidden));
  const UnitTensors& t = *tensors_[1];
  middle_norm_.set_moments(middle_shift_, sums_, std::span(sums_).subspan(at(hidden)), shape_.out_pixels(),
                           t.norm_weight, t.norm_bias, t.running_mean, t.running_variance);
}

void InvertedResidual::project_forward(const Scalar* middle, Scalar* narrow, ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels, out = shape_.out_channels;
  const NormTerms norm = middle_norm_.terms();
  Scalar* sample = scratch.of(0).take(at(hidden));
  kernels_.normalise(1, hidden, {middle + shape_.out_pixels() / 2 * hidden, hidden}, norm, {sample, hidden});
  kernels_.multiply({1, out, hidden, {sample, hidden}, {projection_transposed_.data(), out}},
                    {narrow_shift_.data(), out});
  clear_sums(2 * at(out));
  parallel_parts(parts_, [&](int part, int parts) {
    ScratchPieces pieces = scratch.of(part);
    const int slab = hidden < 192 ? kNarrowSlabRows : block::slab_rows(hidden);
    Scalar *activated = pieces.take(at(slab) * at(hidden)), *moments = pieces.take(2 * at(out));
    std::fill_n(moments, 2 * out, Scalar(0));
    const auto [first, last] = slice_of(shape_.out_pixels(), part, parts);
    for (std::int64_t pixel = first; pixel < last; pixel += slab) {
      const std::int64_t rows = std::min<std::int64_t>(slab, last - pixel);
      kernels_.normalise(rows, hidden, {middle + pixel * hidden, hidden}, norm, {activated, hidden});
      kernels_.multiply_measure({rows,
                                 out,
                                 hidden,
                                 {activated, hidden},
                                 {projection_transposed_.data(), out},
                                 block::ahead_of(middle, hidden, last, pixel + rows, slab, hidden)},
                                narrow_shift_.data(), {moments, moments + out}, {narrow + pixel * out, out});
      block::flush(moments, sums_.data() + at(part) * sum_stride_, 2 * out);
    }
  });
  add_up_sums(2 * at(out));
  const UnitTensors& t = *tensors_[2];
  narrow_norm_.set_moments(narrow_shift_, sums_, std::span(sums_).subspan(at(out)), shape_.out_pixels(), t.norm_weight,
                           t.norm_bias, t.running_mean, t.running_variance);
}

}  // namespace dermdistill
