// The backward half. Batch norm's backward is linear in dz and x, so for the expansion everything but two small
// products over the input can be summed up while dz, the gradient at the expansion's norm, passes by; dz itself is
// never stored.
#include <algorithm>

#include "core/base/parallel.h"
#include "core/nn/inverted_residual.h"
#include "core/nn/inverted_residual_parts.h"

namespace dermdistill {

void InvertedResidual::backward(std::span<const Scalar> in, bool residual, std::span<const Scalar> middle,
                                std::span<const Scalar> narrow, std::span<Scalar> d_out, std::span<const Scalar> d_out2,
                                std::span<Scalar> d_narrow, std::span<Scalar> d_in, ThreadScratch& scratch) {
  narrow_norm_.backward(d_out, d_out2, narrow, {}, tensors_[2]->norm_weight, Activation::None, residual, d_narrow,
                        tensors_[2]->d_norm_weight, tensors_[2]->d_norm_bias);
  project_backward(middle.data(), d_narrow.data(), scratch);
  spatial_backward(in.data(), middle.data(), d_narrow.data(), d_in.data(), scratch);
  finish_expansion_gradients(!d_in.empty(), scratch);
  if (!d_in.empty()) correct_input_gradient(in.data(), residual ? d_out.data() : nullptr, d_in.data());
}

/// Adds the first `count` numbers of the threads' scratch memory up into `to`, in order.
void InvertedResidual::add_up_scratch(std::size_t offset, std::span<Scalar> to, ThreadScratch& scratch) const {
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(static_cast<std::int64_t>(to.size()), part, parts);
    const std::size_t begin = at(first), end = at(last);
    for (int slot = 0; slot < parts_; ++slot) {
      const Scalar* from = scratch.of(slot).take(0) + offset;
      if (slot == 0) {
        std::copy(from + begin, from + end, to.begin() + first);
      } else {
        for (std::size_t i = begin; i < end; ++i) to[i] += from[i];
      }
    }
  });
}

/// Through the projection: its weights' gradient, and the sums that the depthwise convolution's norm needs.
void InvertedResidual::project_backward(const Scalar* middle, const Scalar* d_narrow, ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels, out = shape_.out_channels;
  const NormTerms norm = middle_norm_.terms();
  const bool streamed = on_cache_lines(kept_gradient_.data(), hidden);
  clear_sums(2 * at(hidden));
  parallel_parts(parts_, [&](int part, int parts) {
    ScratchPieces pieces = scratch.of(part);
    const int slab = block::slab_rows(chunk_);
    Scalar *d_weight = pieces.take(at(out) * at(hidden)), *activated = pieces.take(at(slab) * at(chunk_)),
           *moments = pieces.take(2 * at(hidden));
    double* moment_sums = sums_.data() + at(part) * sum_stride_;
    std::fill_n(d_weight, out * hidden, Scalar(0));
    std::fill_n(moments, 2 * hidden, Scalar(0));
    const auto [first, last] = slice_of(shape_.out_pixels(), part, parts);
    for (int c = 0; c < hidden; c += chunk_) {
      const int channels = std::min(chunk_, hidden - c);
      for (std::int64_t pixel = first; pixel < last; pixel += slab) {
        const std::int64_t rows = std::min<std::int64_t>(slab, last - pixel), begin = pixel * hidden + c;
        const ConstRows gradient{d_narrow + pixel * out, out};
        kernels_.multiply_mask_sum(
            {rows, channels, out, gradient, {tensors_[2]->weight.data() + c, hidden}}, {middle + begin, hidden},
            block::from(norm, c), {moments + c, moments + hidden + c}, {activated, chunk_},
            {kept_gradient_.empty() ? nullptr : kept_gradient_.data() + begin, hidden, streamed});
        kernels_.multiply_accumulate_transposed(
            {out,
             channels,
             rows,
             gradient,
             {activated, chunk_},
             block::ahead_of(middle + c, hidden, last, pixel + rows, slab, channels)},
            {d_weight + c, hidden});
        block::flush(moments + c, moment_sums + c, channels);
        block::flush(moments + hidden + c, moment_sums + hidden + c, channels);
      }
    }
  });
  add_up_sums(2 * at(hidden));
  add_up_scratch(0, tensors_[2]->d_weight, scratch);
  const UnitTensors& t = *tensors_[1];
  middle_norm_.set_gradient_sums(sums_, std::span(sums_).subspan(at(hidden)), shape_.out_pixels(), t.norm_weight,
                                 t.d_norm_weight, t.d_norm_bias);
}

/// Rows of the gradient at the depthwise convolution's output, before its norm.
void InvertedResidual::middle_gradient(const Scalar* middle, const Scalar* d_narrow, std::int64_t row, int count, int c,
                                       int channels, Rows to) const {
  const int hidden = shape_.hidden_channels, out = shape_.out_channels;
  const std::int64_t pixel = row * shape_.out_width(), pixels = static_cast<std::int64_t>(count) * shape_.out_width();
  const ConstRows x{middle + pixel * hidden + c, hidden};
  const NormGradientTerms terms = block::from(middle_norm_.gradient_terms(), c);
  if (!kept_gradient_.empty()) {
    return kernels_.norm_backward(pixels, channels, {kept_gradient_.data() + pixel * hidden + c, hidden}, x, terms, to);
  }
  kernels_.multiply_norm_backward(
      {pixels, channels, out, {d_narrow + pixel * out, out}, {tensors_[2]->weight.data() + c, hidden}}, x,
      block::from(middle_norm_.terms(), c), terms, to);
}

/// The output rows that input row y takes part in, through the depthwise convolution.
DepthwiseBackwardRow InvertedResidual::depthwise_backward_row(const block::RowWindow& gradients, int y, int c,
                                                              int channels) const {
  DepthwiseBackwardRow row{};
  row.gradient_stride = gradients.pixel_stride;
  row.weight = tensors_[1]->weight.data() + c;
  row.weight_stride = shape_.hidden_channels;
  row.channels = channels;
  row.width = shape_.width;
  row.stride = shape_.stride;
  for (int tap = 0; tap < 3; ++tap) {
    const int reach = y + 1 - tap;
    if (reach < 0 || reach % shape_.stride != 0 || reach / shape_.stride >= shape_.out_height()) continue;
    row.gradient[row.count] = gradients.row(reach / shape_.stride);
    row.tap_row[row.count++] = tap;
  }
  return row;
}

/// Through the middle norm, the depthwise convolution and the expansion's activation, some rows of the expanded map
/// after the other: the filters' gradient, sums of dz and of its products with the input, and the part of d_in that is
/// linear in dz.
void InvertedResidual::spatial_backward(const Scalar* in, const Scalar* middle, const Scalar* d_narrow, Scalar* d_in,
                                        ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels, width = shape_.width, height = shape_.height,
            out_height = shape_.out_height(), out_width = shape_.out_width(), made_rows = planes_ ? out_height : 1,
            slab_rows = planes_ ? height : std::max(1, block::kSlabPixels / width);
  scale_expansion(expanded_norm_.terms().scale);
  clear_sums(at(hidden));
  parallel_parts(parts_, [&](int part, int parts) {
    ScratchPieces pieces = scratch.of(part);
    const std::size_t slab = at(slab_rows) * at(width), chunk = at(chunk_);
    Scalar *products = pieces.take(at(depth_) * at(hidden)), *d_filter = pieces.take(9 * at(hidden)),
           *moments = pieces.take(at(hidden)), *own = pieces.take(slab * chunk), *dz = pieces.take(slab * chunk),
           *patches = pieces.take(slab * at(depth_));
    const block::RowWindow gradients{pieces.take(at((planes_ ? out_height : 4) * out_width) * chunk), chunk_,
                                     out_width * chunk_, planes_};
    std::fill_n(products, depth_ * hidden, Scalar(0));
    std::fill_n(d_filter, 9 * hidden, Scalar(0));
    std::fill_n(moments, hidden, Scalar(0));
    for_images(part, parts, [&](std::int64_t image, int c, int channels) {
      int made = 0;
      // Of the middle map, a slab that ends with row `bottom` needs rows up to this one.
      const auto needed = [&](int bottom) { return std::min(bottom / shape_.stride, out_height - 1) + 1; };
      for (int top = 0; top < height; top += slab_rows) {
        const int rows = std::min(slab_rows, height - top);
        const std::int64_t pixels = static_cast<std::int64_t>(rows) * width;
        const Scalar* inputs = input_rows(in, image, top, rows, patches);
        // The next slab, if need be of the next image: its pixels, and those of the middle map that it is the first to
        // read.
        const int bottom = top + rows,
                  next_bottom = bottom == height ? slab_rows : std::min(bottom + slab_rows, height);
        const std::int64_t next = (image * height + bottom) * width,
                           next_middle = (image * out_height + needed(bottom)) * out_width,
                           next_count = (needed(next_bottom) - (bottom == height ? 0 : needed(bottom))) * out_width;
        const auto next_of = [&](const Scalar* map, std::int64_t stride, int columns) {
          return block::ahead_of(map, stride, shape_.pixels(), next, slab_rows * width, columns);
        };
        const auto next_middle_of = [&](const Scalar* map) {
          return block::ahead_of(map + c, hidden, shape_.out_pixels(), next_middle, next_count, channels);
        };
        block::RowWindow expanded = expanded_window(own, image, c);
        if (kept_expanded_.empty() || shape_.stem) {
          expanded = {own - top * expanded.row_stride, chunk_, expanded.row_stride, true};
        }
        if (keeps_stem()) {
          normalise_stem(image, top, rows, c, channels, {own, chunk_});
        } else if (kept_expanded_.empty()) {
          kernels_.multiply_normalise({pixels,
                                       channels,
                                       used_,
                                       {inputs, depth_},
                                       {expansion_transposed_.data() + c, hidden},
                                       shape_.stem ? Ahead{} : next_of(in, depth_, depth_)},
                                      block::from(expanded_norm_.terms(), c), {own, chunk_});
        }
        for (int y = top; y < top + rows; ++y) {
          for (; made <= std::min((y + 1) / shape_.stride, out_height - 1); made += made_rows) {
            middle_gradient(middle, d_narrow, image * out_height + made, made_rows, c, channels, gradients.rows(made));
          }
          const Rows z = expanded.rows(y);
          kernels_.depthwise_backward_row(depthwise_backward_row(gradients, y, c, channels), {z.data, z.stride},
                                          {dz + static_cast<std::int64_t>(y - top) * width * chunk_, chunk_},
                                          moments + c, d_filter + c);
        }
        kernels_.multiply_accumulate_transposed(
            {used_,
             channels,
             pixels,
             {inputs, depth_},
             {dz, chunk_},
             next_middle_of(middle),
             kept_expanded_.empty() ? Ahead{} : next_of(kept_expanded_.data() + c, hidden, channels)},
            {products + c, hidden});
        if (d_in) {
          const auto multiply = c == 0 ? kernels_.multiply : kernels_.multiply_accumulate;
          multiply({pixels,
                    depth_,
                    channels,
                    {dz, chunk_},
                    {expansion_scaled_.data() + static_cast<std::int64_t>(c) * depth_, depth_},
                    kept_gradient_.empty() ? Ahead{} : next_middle_of(kept_gradient_.data())},
                   {d_in + (image * height + top) * width * depth_, depth_});
        }
        block::flush(moments + c, sums_.data() + at(part) * sum_stride_ + c, channels);
      }
    });
  });
  add_up_sums(at(hidden));
}

/// expansion_scaled_ = diag(scale) times the expansion.
void InvertedResidual::scale_expansion(const Scalar* scale) {
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(shape_.hidden_channels, part, parts);
    for (std::int64_t c = first; c < last; ++c) {
      const Scalar* from = expansion_.data() + c * depth_;
      std::transform(from, from + depth_, expansion_scaled_.begin() + c * depth_,
                     [factor = scale[c]](Scalar weight) { return factor * weight; });
    }
  });
}

/// With S the sum of dz, G that of dz times the input, both over all pixels, m and C the input's mean and covariance
/// sums: the sum of dz (x - mean) is diag(W (G - S m')'), dW = a (G - S m') + b W C, and the input's gradient still
/// lacks W' diag(b) W (in - m) - W' (a S / n).
void InvertedResidual::finish_expansion_gradients(bool input_gradient, ThreadScratch& scratch) {
  const int hidden = shape_.hidden_channels, own = static_cast<int>(tensors_[0]->weight.size()) / hidden;
  const std::size_t product_size = at(depth_) * at(hidden);
  add_up_scratch(ScratchPieces::rounded(product_size), tensors_[1]->d_weight, scratch);
  add_up_scratch(0, products_, scratch);
  const double n = static_cast<double>(shape_.pixels());
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(hidden, part, parts);
    for (std::int64_t c = first; c < last; ++c) {
      double dot = 0;
      for (int k = 0; k < depth_; ++k) {
        Scalar& product = products_[at(static_cast<std::int64_t>(k) * hidden + c)];
        const double centred = static_cast<double>(product) - sums_[at(c)] * input_mean_[at(k)];
        product = static_cast<Scalar>(centred);
        dot += centred * static_cast<double>(expansion_[at(c * depth_ + k)]);
      }
      sums_[at(hidden + c)] = dot;
    }
  });
  const UnitTensors& t = *tensors_[0];
  expanded_norm_.set_gradient_sums(sums_, std::span(sums_).subspan(at(hidden)), shape_.pixels(), t.norm_weight,
                                   t.d_norm_weight, t.d_norm_bias);
  const NormGradientTerms terms = expanded_norm_.gradient_terms();
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(hidden, part, parts);
    for (std::int64_t c = first; c < last; ++c) {
      for (int k = 0; k < own; ++k) {
        t.d_weight[at(c * own + k)] = terms.a[c] * products_[at(static_cast<std::int64_t>(k) * hidden + c)] +
                                      terms.b[c] * expansion_covariance_[at(c * depth_ + k)];
      }
    }
  });
  if (!input_gradient) return;
  scale_expansion(terms.b);
  std::fill(correction_.begin(), correction_.end(), Scalar(0));
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(depth_ / kChannelMultiple, part, parts);
    const int begin = static_cast<int>(first) * kChannelMultiple,
              columns = static_cast<int>(last) * kChannelMultiple - begin;
    kernels_.multiply_accumulate_transposed(
        {depth_, columns, hidden, {expansion_.data(), depth_}, {expansion_scaled_.data() + begin, depth_}},
        {correction_.data() + begin, depth_});
    for (int k = begin; k < begin + columns; ++k) {
      double constant = 0;
      for (int c = 0; c < hidden; ++c) {
        constant -=
            static_cast<double>(terms.a[c]) * sums_[at(c)] / n * static_cast<double>(expansion_[at(c * depth_ + k)]);
      }
      for (int j = 0; j < depth_; ++j)
        constant -= input_mean_[at(j)] * static_cast<double>(correction_[at(j * depth_ + k)]);
      correction_constant_[at(k)] = static_cast<Scalar>(constant);
    }
  });
}

void InvertedResidual::correct_input_gradient(const Scalar* in, const Scalar* d_out, Scalar* d_in) {
  parallel_parts(parts_, [&](int part, int parts) {
    const auto [first, last] = slice_of(shape_.pixels(), part, parts);
    const std::int64_t offset = first * depth_;
    kernels_.multiply_add({last - first, depth_, depth_, {in + offset, depth_}, {correction_.data(), depth_}},
                          correction_constant_.data(), {d_out ? d_out + offset : nullptr, depth_},
                          {d_in + offset, depth_});
  });
}

}  // namespace dermdistill
