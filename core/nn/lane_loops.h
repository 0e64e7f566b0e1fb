// Vectors of as many numbers as a register holds, loads and stores of them, and fetching ahead. Included once by each
// vector_kernels_*.cpp inside its own namespace, like vector_kernels_loops.h, and for the same reason calls nothing
// that other files also use. (no include guard: the including file defines DERMDISTILL_KERNEL_SET,
// DERMDISTILL_VECTOR_BYTES and DERMDISTILL_TILE_ROWS)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

constexpr int kLanes = DERMDISTILL_VECTOR_BYTES / static_cast<int>(sizeof(Scalar));
constexpr int kTileRows = DERMDISTILL_TILE_ROWS;  // with two vectors a row, as many sums as there are registers for

template <int kCount>
struct VectorOf {
  typedef Scalar Type __attribute__((vector_size(kCount * sizeof(Scalar))));
};
template <int kCount>
using Vector = typename VectorOf<kCount>::Type;

template <int kCount>
inline Vector<kCount> load(const Scalar* from) {
  Vector<kCount> v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <int kCount>
inline void store(Scalar* to, Vector<kCount> v) {
  __builtin_memcpy(to, &v, sizeof v);
}
/// Stores past the cache where the instruction set writes whole cache lines.
template <int kCount>
inline void stream(Scalar* to, Vector<kCount> v) {
#ifdef __AVX512F__
  if constexpr (sizeof v == sizeof(__m512)) return _mm512_stream_ps(to, reinterpret_cast<__m512>(v));
#endif
  store<kCount>(to, v);
}
/// Other threads read what was streamed after their next barrier.
inline void finish_streams() {
#ifdef __AVX512F__
  _mm_sfence();
#endif
}
template <int kCount>
inline Vector<kCount> relu6(Vector<kCount> z) {
  const Vector<kCount> zero = {}, six = zero + Scalar(6);
  const Vector<kCount> positive = z > zero ? z : zero;
  return positive < six ? positive : six;
}
/// g where 0 < z < 6, else 0: the derivative of ReLU6 as PyTorch has it.
template <int kCount>
inline Vector<kCount> masked(Vector<kCount> g, Vector<kCount> z) {
  const Vector<kCount> zero = {}, six = zero + Scalar(6);
  const Vector<kCount> positive = z > zero ? g : zero;
  return z < six ? positive : zero;
}

/// kWidth vectors of per-channel numbers.
template <int kCount, int kWidth>
struct Columns {
  Vector<kCount> value[kWidth];
  explicit Columns(const Scalar* from) {
    for (int v = 0; v < kWidth; ++v) value[v] = load<kCount>(from + v * kCount);
  }
  void store_to(Scalar* to) const {
    for (int v = 0; v < kWidth; ++v) store<kCount>(to + v * kCount, value[v]);
  }
};

constexpr int kLineValues = 64 / static_cast<int>(sizeof(Scalar));

/// Asks for rows of `count` numbers that an epilogue reads next, so that they come while a tile is summed.
inline void fetch_rows(ConstRows x, std::int64_t first, std::int64_t last, int column, int count) {
  for (std::int64_t r = first; r < last; ++r) {
    const Scalar* row = x.data + r * x.stride + column;
    for (int i = 0; i < count; i += kLineValues) __builtin_prefetch(row + i);
  }
}

/// Spreads the fetching of what comes after a product evenly over the product: in bursts it would have to wait.
class Fetcher {
 public:
  explicit Fetcher(const Product& p) : now_(p.ahead), then_(p.ahead_too), stretch_(p.depth) {
    const std::int64_t lines = lines_of(p.ahead) + lines_of(p.ahead_too);
    if (lines == 0) return;
    stretch_ = kStretch;
    const int wide = p.columns / (2 * kLanes), rest = p.columns % (2 * kLanes),
              panels = wide + rest / kLanes + rest % kLanes / kChannelMultiple;
    const std::int64_t looks = panels * ((p.rows + kTileRows - 1) / kTileRows) * ((p.depth + kStretch - 1) / kStretch);
    share_ = (lines + looks - 1) / looks;
  }
  /// How much of a product's depth passes between two calls of next().
  std::int64_t stretch() const { return stretch_; }
  void next() {
    for (std::int64_t i = 0; i < share_; ++i) {
      if (now_.rows == 0) {
        if (then_.rows == 0) return;
        now_ = then_;
        then_.rows = 0;
      }
      __builtin_prefetch(now_.x.data + column_, 0, 2);
      column_ += kLineValues;
      if (column_ < now_.columns) continue;
      column_ = 0;
      now_.x.data += now_.x.stride;
      --now_.rows;
    }
  }

 private:
  static constexpr std::int64_t kStretch = 16;
  static std::int64_t lines_of(const Ahead& a) { return a.rows * ((a.columns + kLineValues - 1) / kLineValues); }

  Ahead now_, then_;
  std::int64_t stretch_, share_ = 0;
  int column_ = 0;
};

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
