// Small matrix products whose results are normalised, masked or summed while they are still in registers. Included once
// by each vector_kernels_*.cpp inside its own namespace, like vector_kernels_loops.h, and for the same reason calls
// nothing that other files also use. Needs lane_loops.h before it.
// (no include guard)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

// What becomes of a finished tile: put(r, v, sum) gets vector v of its row r, finish() is called once at the end.
// fetch() is asked for what put() will read of other rows.

struct NoFetch {
  void fetch(std::int64_t, std::int64_t, int, int) const {}
};

enum class Keep { Nothing, Cached, Streamed };

template <Keep kKeep, int kCount>
inline void keep(Scalar* to, Vector<kCount> v) {
  if constexpr (kKeep == Keep::Cached) store<kCount>(to, v);
  if constexpr (kKeep == Keep::Streamed) stream<kCount>(to, v);
}

template <Keep kKeep>
struct Overwrite : NoFetch {
  Rows to;

  template <int kCount, int kWidth>
  struct Tile {
    Rows to;
    Tile(const Overwrite& e, std::int64_t row, int column) : to{e.to.data + row * e.to.stride + column, e.to.stride} {}
    void put(int r, int v, Vector<kCount> sum) { keep<kKeep, kCount>(to.data + r * to.stride + v * kCount, sum); }
    void finish() {}
  };
};

struct Accumulate : NoFetch {
  Rows to;

  template <int kCount, int kWidth>
  struct Tile {
    Rows to;
    Tile(const Accumulate& e, std::int64_t row, int column) : to{e.to.data + row * e.to.stride + column, e.to.stride} {}
    void put(int r, int v, Vector<kCount> sum) {
      Scalar* at = to.data + r * to.stride + v * kCount;
      store<kCount>(at, load<kCount>(at) + sum);
    }
    void finish() {}
  };
};

struct Correct : NoFetch {
  const Scalar* constant;
  ConstRows addend;
  Rows to;

  template <int kCount, int kWidth>
  struct Tile {
    Columns<kCount, kWidth> constant;
    ConstRows addend;
    Rows to;
    Tile(const Correct& e, std::int64_t row, int column)
        : constant(e.constant + column),
          addend{e.addend.data ? e.addend.data + row * e.addend.stride + column : nullptr, e.addend.stride},
          to{e.to.data + row * e.to.stride + column, e.to.stride} {}
    void put(int r, int v, Vector<kCount> sum) {
      Scalar* at = to.data + r * to.stride + v * kCount;
      Vector<kCount> total = load<kCount>(at) + sum + constant.value[v];
      if (addend.data) total += load<kCount>(addend.data + r * addend.stride + v * kCount);
      store<kCount>(at, total);
    }
    void finish() {}
  };
};

template <Activation kActivation, bool kResidual>
struct Activate : NoFetch {
  const Scalar* bias;
  ConstRows residual;
  Rows to;

  template <int kCount, int kWidth>
  struct Tile {
    Columns<kCount, kWidth> bias;
    ConstRows residual;
    Rows to;
    Tile(const Activate& e, std::int64_t row, int column)
        : bias(e.bias + column),
          residual{kResidual ? e.residual.data + row * e.residual.stride + column : nullptr, e.residual.stride},
          to{e.to.data + row * e.to.stride + column, e.to.stride} {}
    void put(int r, int v, Vector<kCount> sum) {
      Vector<kCount> value = sum + bias.value[v];
      if constexpr (kResidual) value += load<kCount>(residual.data + r * residual.stride + v * kCount);
      const Vector<kCount> zero = {};
      if constexpr (kActivation == Activation::Relu) value = value > zero ? value : zero;
      if constexpr (kActivation == Activation::Relu6) value = relu6<kCount>(value);
      store<kCount>(to.data + r * to.stride + v * kCount, value);
    }
    void finish() {}
  };
};

struct Normalise : NoFetch {
  NormTerms norm;
  Rows to;

  template <int kCount, int kWidth>
  struct Tile {
    Columns<kCount, kWidth> scale, offset;
    Rows to;
    Tile(const Normalise& e, std::int64_t row, int column)
        : scale(e.norm.scale + column),
          offset(e.norm.offset + column),
          to{e.to.data + row * e.to.stride + column, e.to.stride} {}
    void put(int r, int v, Vector<kCount> sum) {
      store<kCount>(to.data + r * to.stride + v * kCount, relu6<kCount>(sum * scale.value[v] + offset.value[v]));
    }
    void finish() {}
  };
};

template <Keep kKeep>
struct Measure : NoFetch {
  const Scalar* shift;
  Sums sums;
  Rows to;

  template <int kCount, int kWidth>
  struct Tile {
    Columns<kCount, kWidth> shift, first, second;
    Sums sums;
    Rows to;
    Tile(const Measure& e, std::int64_t row, int column)
        : shift(e.shift + column),
          first(e.sums.first + column),
          second(e.sums.second + column),
          sums{e.sums.first + column, e.sums.second + column},
          to{kKeep != Keep::Nothing ? e.to.data + row * e.to.stride + column : nullptr, e.to.stride} {}
    void put(int r, int v, Vector<kCount> y) {
      if constexpr (kKeep != Keep::Nothing) keep<kKeep, kCount>(to.data + r * to.stride + v * kCount, y);
      const Vector<kCount> d = y - shift.value[v];
      first.value[v] += d;
      second.value[v] += d * d;
    }
    void finish() {
      first.store_to(sums.first);
      second.store_to(sums.second);
    }
  };
};

template <Keep kKeep>
struct MaskAndSum {
  ConstRows x;
  NormTerms norm;
  Sums sums;
  Rows activated, dz;

  void fetch(std::int64_t first, std::int64_t last, int column, int count) const {
    fetch_rows(x, first, last, column, count);
  }

  template <int kCount, int kWidth>
  struct Tile {
    ConstRows x;
    Columns<kCount, kWidth> scale, offset, mean, first, second;
    Sums sums;
    Rows activated, dz;
    Tile(const MaskAndSum& e, std::int64_t row, int column)
        : x{e.x.data + row * e.x.stride + column, e.x.stride},
          scale(e.norm.scale + column),
          offset(e.norm.offset + column),
          mean(e.norm.mean + column),
          first(e.sums.first + column),
          second(e.sums.second + column),
          sums{e.sums.first + column, e.sums.second + column},
          activated{e.activated.data + row * e.activated.stride + column, e.activated.stride},
          dz{kKeep != Keep::Nothing ? e.dz.data + row * e.dz.stride + column : nullptr, e.dz.stride} {}
    void put(int r, int v, Vector<kCount> gradient) {
      const auto in = load<kCount>(x.data + r * x.stride + v * kCount);
      const Vector<kCount> z = in * scale.value[v] + offset.value[v];
      store<kCount>(activated.data + r * activated.stride + v * kCount, relu6<kCount>(z));
      const Vector<kCount> d = masked<kCount>(gradient, z);
      if constexpr (kKeep != Keep::Nothing) keep<kKeep, kCount>(dz.data + r * dz.stride + v * kCount, d);
      first.value[v] += d;
      second.value[v] += d * (in - mean.value[v]);
    }
    void finish() {
      first.store_to(sums.first);
      second.store_to(sums.second);
    }
  };
};

struct NormBackward {
  ConstRows x;
  NormTerms norm;
  NormGradientTerms terms;
  Rows to;

  void fetch(std::int64_t first, std::int64_t last, int column, int count) const {
    fetch_rows(x, first, last, column, count);
  }

  template <int kCount, int kWidth>
  struct Tile {
    ConstRows x;
    Columns<kCount, kWidth> scale, offset, a, b, k;
    Rows to;
    Tile(const NormBackward& e, std::int64_t row, int column)
        : x{e.x.data + row * e.x.stride + column, e.x.stride},
          scale(e.norm.scale + column),
          offset(e.norm.offset + column),
          a(e.terms.a + column),
          b(e.terms.b + column),
          k(e.terms.k + column),
          to{e.to.data + row * e.to.stride + column, e.to.stride} {}
    void put(int r, int v, Vector<kCount> gradient) {
      const auto in = load<kCount>(x.data + r * x.stride + v * kCount);
      const Vector<kCount> dz = masked<kCount>(gradient, in * scale.value[v] + offset.value[v]);
      store<kCount>(to.data + r * to.stride + v * kCount, a.value[v] * dz + (b.value[v] * in + k.value[v]));
    }
    void finish() {}
  };
};

/// kRows x (kWidth * kCount) of the result, summed in registers.
template <int kRows, int kWidth, int kCount, bool kTransposed, typename Epilogue>
inline void tile(const Product& p, std::int64_t row, int column, Fetcher& fetcher, const Epilogue& epilogue) {
  constexpr int kGroups = (kRows + 2) / 3;  // three rows share a pointer: x86 addresses them without more registers
  const std::int64_t row_distance = kTransposed ? 1 : p.a.stride, step = kTransposed ? p.a.stride : 1;
  const Scalar* a[kGroups];
#pragma GCC unroll 16
  for (int i = 0; i < kGroups; ++i) a[i] = p.a.data + (row + 3 * i) * row_distance;
  const Scalar* b = p.b.data + column;
  Vector<kCount> sums[kRows][kWidth] = {};
  const std::int64_t stretch = fetcher.stretch();
  for (std::int64_t k = 0; k < p.depth;) {
    fetcher.next();
    for (const std::int64_t end = k + stretch < p.depth ? k + stretch : p.depth; k < end; ++k) {
      Vector<kCount> right[kWidth];
#pragma GCC unroll 4
      for (int v = 0; v < kWidth; ++v) right[v] = load<kCount>(b + v * kCount);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Scalar left = a[r / 3][(r % 3) * row_distance];
#pragma GCC unroll 4
        for (int v = 0; v < kWidth; ++v) sums[r][v] += left * right[v];
      }
#pragma GCC unroll 16
      for (int i = 0; i < kGroups; ++i) a[i] += step;
      b += p.b.stride;
    }
  }
  typename Epilogue::template Tile<kCount, kWidth> end(epilogue, row, column);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kWidth; ++v) end.put(r, v, sums[r][v]);
  }
  end.finish();
}

template <int kRows, int kWidth, int kCount, bool kTransposed, typename Epilogue>
void tile_of(int rows, const Product& p, std::int64_t row, int column, Fetcher& fetcher, const Epilogue& epilogue) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return tile_of<kRows - 1, kWidth, kCount, kTransposed>(rows, p, row, column, fetcher, epilogue);
  }
  tile<kRows, kWidth, kCount, kTransposed>(p, row, column, fetcher, epilogue);
}

template <int kWidth, int kCount, bool kTransposed, typename Epilogue>
void panel(const Product& p, int column, Fetcher& fetcher, const Epilogue& epilogue) {
  const std::int64_t tiles = (p.rows + kTileRows - 1) / kTileRows;
  for (std::int64_t t = 0; t < tiles; ++t) {  // of nearly equal height, so that no thin one is left over
    const std::int64_t first = p.rows * t / tiles, last = p.rows * (t + 1) / tiles;
    if (t == 0) epilogue.fetch(first, last, column, kWidth * kCount);
    if (t + 1 < tiles) epilogue.fetch(last, p.rows * (t + 2) / tiles, column, kWidth * kCount);
    tile_of<kTileRows, kWidth, kCount, kTransposed>(static_cast<int>(last - first), p, first, column, fetcher,
                                                    epilogue);
  }
}

template <bool kTransposed, typename Epilogue>
void multiply_into(const Product& p, const Epilogue& epilogue) {
  Fetcher fetcher(p);
  int column = 0;
  for (; column + 2 * kLanes <= p.columns; column += 2 * kLanes) {
    panel<2, kLanes, kTransposed>(p, column, fetcher, epilogue);
  }
  for (; column + kLanes <= p.columns; column += kLanes) {
    panel<1, kLanes, kTransposed>(p, column, fetcher, epilogue);
  }
  if constexpr (kLanes > kChannelMultiple) {
    for (; column < p.columns; column += kChannelMultiple) {
      panel<1, kChannelMultiple, kTransposed>(p, column, fetcher, epilogue);
    }
  }
}

/// Calls body.template operator()<how>() for how rows are kept.
template <typename Body>
inline void for_rows_kept(Rows to, Body&& body) {
  if (!to.data) return body.template operator()<Keep::Nothing>();
  if (!to.streamed) return body.template operator()<Keep::Cached>();
  body.template operator()<Keep::Streamed>();
  finish_streams();
}

void multiply(const Product& product, Rows to) {
  for_rows_kept(to, [&]<Keep kKeep>() { multiply_into<false>(product, Overwrite<kKeep>{{}, to}); });
}

void multiply_add(const Product& product, const Scalar* constant, ConstRows addend, Rows to) {
  multiply_into<false>(product, Correct{{}, constant, addend, to});
}

void multiply_accumulate(const Product& product, Rows to) { multiply_into<false>(product, Accumulate{{}, to}); }

void multiply_accumulate_transposed(const Product& product, Rows to) {
  multiply_into<true>(product, Accumulate{{}, to});
}

template <Activation kActivation>
void multiply_activate_as(const Product& product, const Scalar* bias, ConstRows residual, Rows to) {
  residual.data ? multiply_into<false>(product, Activate<kActivation, true>{{}, bias, residual, to})
                : multiply_into<false>(product, Activate<kActivation, false>{{}, bias, residual, to});
}

void multiply_activate(const Product& product, const Scalar* bias, ConstRows residual, Activation activation, Rows to) {
  switch (activation) {
    case Activation::None:
      return multiply_activate_as<Activation::None>(product, bias, residual, to);
    case Activation::Relu:
      return multiply_activate_as<Activation::Relu>(product, bias, residual, to);
    case Activation::Relu6:
      return multiply_activate_as<Activation::Relu6>(product, bias, residual, to);
  }
}

void multiply_normalise(const Product& product, NormTerms norm, Rows to) {
  multiply_into<false>(product, Normalise{{}, norm, to});
}

void multiply_measure(const Product& product, const Scalar* shift, Sums sums, Rows to) {
  for_rows_kept(to, [&]<Keep kKeep>() { multiply_into<false>(product, Measure<kKeep>{{}, shift, sums, to}); });
}

void multiply_mask_sum(const Product& product, ConstRows x, NormTerms norm, Sums sums, Rows activated, Rows dz) {
  for_rows_kept(dz, [&]<Keep kKeep>() {
    multiply_into<false>(product, MaskAndSum<kKeep>{x, norm, sums, activated, dz});
  });
}

void multiply_norm_backward(const Product& product, ConstRows x, NormTerms norm, NormGradientTerms terms, Rows to) {
  multiply_into<false>(product, NormBackward{x, norm, terms, to});
}

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
