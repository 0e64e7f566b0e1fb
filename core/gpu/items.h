// Work on a device is a number of items that are computed in any order, at once: structures with operator()(int item).
// The same source runs on a graphics card and, for tests, on this processor.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "core/nn/network.h"

#if defined(__CUDACC__)
#define DERMDISTILL_DEVICE __host__ __device__
#else
#define DERMDISTILL_DEVICE
#endif

namespace dermdistill::gpu {

/// A tensor's shape but for the batch.
struct MapShape {
  int height = 0, width = 0, channels = 0;
  int size() const { return height * width * channels; }
  /// Of a batch; before check_items(), it may be more than items can be.
  std::int64_t size(int batch) const { return std::int64_t{batch} * height * width * channels; }
};

/// Items are counted with 32 bits, which are faster there. @throws ShapeError for more.
inline void check_items(std::int64_t count) {
  if (count <= std::numeric_limits<int>::max()) return;
  throw ShapeError("a batch of that many images of that size: needs maps of " + std::to_string(count) +
                   " values; expected at most 2147483647, as with a smaller --batch or --size");
}

DERMDISTILL_DEVICE inline int smaller(int a, int b) { return a < b ? a : b; }

DERMDISTILL_DEVICE inline Scalar activate(Activation activation, Scalar value) {
  if (activation == Activation::None) return value;
  const Scalar above = value > 0 ? value : 0;
  return activation == Activation::Relu6 && above > 6 ? 6 : above;
}

/// Whether an activation with this output lets a gradient through.
DERMDISTILL_DEVICE inline bool passes(Activation activation, Scalar output) {
  if (activation == Activation::None) return true;
  return output > 0 && (activation != Activation::Relu6 || output < 6);
}

/// out[group, j] = sum over `fan` parts of in[part, j]; an item is a group and j of n.
template <typename In, typename Out>
struct SumParts {
  const In* in;
  Out* out;
  int n, parts, fan;
  DERMDISTILL_DEVICE void operator()(int item) const {
    const int group = item / n, j = item % n;
    double sum = 0;
    const int last = smaller(parts, (group + 1) * fan);
    for (int part = group * fan; part < last; ++part) sum += static_cast<double>(in[part * n + j]);
    out[item] = static_cast<Out>(sum);
  }
};

/// Adds up [parts, n] to [n]: by groups, so that many items share the work. `room` holds as much as `in`, which is
/// overwritten.
template <typename Device, typename In, typename Out>
void sum_parts(Device& device, In* in, In* room, Out* out, int n, int parts) {
  constexpr int kFan = 32;
  while (parts > kFan) {
    const int groups = (parts + kFan - 1) / kFan;
    device.each(groups * n, SumParts<In, In>{in, room, n, parts, kFan});
    In* const swapped = in;
    in = room;
    room = swapped;
    parts = groups;
  }
  device.each(n, SumParts<In, Out>{in, out, n, parts, parts});
}

/// Into how many parts sums over `rows` are cut, for about 2^18 items with `channels` of them side by side.
inline int parts_of(int rows, int channels, int rows_at_least) {
  constexpr int kItems = 1 << 18, kMost = 2048;
  const int wanted = smaller(smaller(kItems / channels + 1, rows / rows_at_least + 1), kMost);
  const int chunk = (rows + wanted - 1) / wanted;
  return (rows + chunk - 1) / chunk;
}

}  // namespace dermdistill::gpu
