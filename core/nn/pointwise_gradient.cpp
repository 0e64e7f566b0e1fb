#include "core/nn/pointwise_gradient.h"

#include <algorithm>

#include "core/base/parallel.h"
#include "core/nn/block_kernels.h"
#include "core/nn/panels.h"
#include "core/nn/shared_room.h"

namespace dermdistill {
namespace {

constexpr std::int64_t kLeastGroup = 64;
constexpr std::int64_t kSharedBytes = 3 << 20;  // of packed pixels that all threads work on
constexpr std::int64_t kOwnBytes = 192 << 10;   // of packed pixels that stay in one core's cache
constexpr std::int64_t kOwnFilters = 64 << 10;  // at most as many sums fit there beside them
constexpr std::int64_t kApart = 32;             // so that inputs and gradients do not fall on the same cache sets

std::int64_t pixel_bytes(int in, int out) { return (in + out) * static_cast<std::int64_t>(sizeof(Scalar)); }

/// to [rows, columns] += gradients' inputs for one square of the filters.
struct Squares {
  const Scalar *inputs, *gradients;  // panels of `stride` pixels
  std::int64_t stride;
  int in;

  void add(std::int64_t square, std::int64_t pixels, const Ahead& x, const Ahead& dy, Scalar* sums) const {
    const std::int64_t across = in / kPanel, row = square / across * kPanel, column = square % across * kPanel;
    block_kernels().multiply_accumulate_transposed(
        {kPanel, kPanel, pixels, {gradients + row * stride, kPanel}, {inputs + column * stride, kPanel}, x, dy},
        {sums + row * in + column, in});
  }
};

}  // namespace

PointwiseFiltersGradient::PointwiseFiltersGradient(std::int64_t pixels, int in, int out)
    : pixels_(pixels), in_(in), out_(out), apart_(static_cast<std::int64_t>(in) * out <= kOwnFilters) {
  group_ = std::min(pixels, std::max(kLeastGroup, (apart_ ? kOwnBytes : kSharedBytes) / pixel_bytes(in, out)));
  shared_room(Room::Values, apart_ ? values_of_part() * thread_count() : packed_values());
}

std::int64_t PointwiseFiltersGradient::packed_values() const { return group_ * (in_ + out_) + kApart; }
std::int64_t PointwiseFiltersGradient::values_of_part() const { return packed_values() + filters() + kApart; }

void PointwiseFiltersGradient::compute(const Scalar* x, const Scalar* dy, Scalar* dw) const {
  apart_ ? compute_apart(x, dy, dw) : compute_together(x, dy, dw);
}

void PointwiseFiltersGradient::compute_together(const Scalar* x, const Scalar* dy, Scalar* dw) const {
  Scalar *inputs = shared_room(Room::Values, packed_values()), *gradients = inputs + group_ * in_ + kApart;
  const Squares squares{inputs, gradients, group_, in_};
  for (std::int64_t from = 0; from < pixels_; from += group_) {
    const std::int64_t count = std::min(group_, pixels_ - from);
    parallel_parts([&](int part, int parts) {
      const auto [first, last] = slice_of(count, part, parts);
      pack_rows(x, from + first, from + last, in_, first, group_, inputs);
      pack_rows(dy, from + first, from + last, out_, first, group_, gradients);
      if (from > 0) return;
      const auto [begin, end] = slice_of(filters(), part, parts);
      std::fill(dw + begin, dw + end, Scalar(0));
    });
    parallel_for(filters() / (kPanel * kPanel), [&](std::int64_t square) { squares.add(square, count, {}, {}, dw); });
  }
}

void PointwiseFiltersGradient::compute_apart(const Scalar* x, const Scalar* dy, Scalar* dw) const {
  const std::int64_t apart = values_of_part();
  const int threads = thread_count();
  Scalar* room = shared_room(Room::Values, apart * threads);
  parallel_parts(threads, [&](int part, int parts) {
    const auto [first, last] = slice_of(pixels_, part, parts);
    Scalar* packed = room + part * apart;
    add_up_part(x, dy, first, last, packed, packed + packed_values());
  });
  parallel_parts(threads, [&](int part, int parts) {
    const auto [first, last] = slice_of(filters(), part, parts);
    for (std::int64_t i = first; i < last; ++i) {
      Scalar sum = 0;
      for (int p = 0; p < threads; ++p) sum += room[p * apart + packed_values() + i];
      dw[i] = sum;
    }
  });
}

void PointwiseFiltersGradient::add_up_part(const Scalar* x, const Scalar* dy, std::int64_t first, std::int64_t last,
                                           Scalar* packed, Scalar* sums) const {
  Scalar *inputs = packed, *gradients = packed + group_ * in_ + kApart;
  const Squares squares{inputs, gradients, group_, in_};
  const std::int64_t count_of_squares = filters() / (kPanel * kPanel);
  std::fill_n(sums, filters(), Scalar(0));
  for (std::int64_t from = first; from < last; from += group_) {
    const std::int64_t count = std::min(group_, last - from), next = from + count,
                       after = std::min(group_, last - next);
    pack_rows(x, from, next, in_, 0, group_, inputs);
    pack_rows(dy, from, next, out_, 0, group_, gradients);
    for (std::int64_t square = 0; square < count_of_squares; ++square) {  // the next group comes meanwhile
      const auto [begin, end] = slice_of(after, static_cast<int>(square), static_cast<int>(count_of_squares));
      squares.add(square, count, {{x + (next + begin) * in_, in_}, end - begin, in_},
                  {{dy + (next + begin) * out_, out_}, end - begin, out_}, sums);
    }
  }
}

}  // namespace dermdistill
