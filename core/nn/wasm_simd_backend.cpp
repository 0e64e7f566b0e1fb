// WebAssembly's backend: Eigen's convolutions, and a matrix product written for the 128-bit vectors of wasm_simd128.
// Tiles of 4 rows by 8 columns stay in registers (8 accumulators of the 16 registers that engines map vectors to); both
// factors are packed so that the inner loop reads them in sequence.
#include <algorithm>
#include <vector>
#include <wasm_simd128.h>

#include "core/nn/backends.h"

namespace dermdistill {
namespace {

constexpr std::int64_t kTileRows = 4, kTileColumns = 8;
constexpr std::int64_t kDepth = 256;     // of a packed block: 8 KB of one column panel, in the first-level cache
constexpr std::int64_t kBlockRows = 64;  // of packed A: 64 KB, in the second-level cache

/// A matrix seen through op(): element (row, column) is data[row * row_step + column * column_step].
struct View {
  const float* data;
  std::int64_t row_step, column_step;
  const float* at(std::int64_t row, std::int64_t column) const { return data + row * row_step + column * column_step; }
};

std::int64_t rounded_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Rows [row, row + rows) of A at columns [depth, depth + depths), as panels of 4 rows [depths][4], filled with zeros.
void pack_rows(const View& a, std::int64_t row, std::int64_t rows, std::int64_t depth, std::int64_t depths,
               float* out) {
  for (std::int64_t tile = 0; tile < rows; tile += kTileRows) {
    for (std::int64_t k = 0; k < depths; ++k) {
      for (std::int64_t i = 0; i < kTileRows; ++i) *out++ = tile + i < rows ? *a.at(row + tile + i, depth + k) : 0.0F;
    }
  }
}

/// Rows [depth, depth + depths) of B, all columns, as panels of 8 columns [depths][8], filled with zeros.
void pack_columns(const View& b, std::int64_t columns, std::int64_t depth, std::int64_t depths, float* out) {
  for (std::int64_t tile = 0; tile < columns; tile += kTileColumns) {
    const std::int64_t width = std::min(kTileColumns, columns - tile);
    for (std::int64_t k = 0; k < depths; ++k, out += kTileColumns) {
      const float* from = b.at(depth + k, tile);
      for (std::int64_t j = 0; j < kTileColumns; ++j) out[j] = j < width ? from[j * b.column_step] : 0.0F;
    }
  }
}

/// tile [4, 8] = the product of a packed panel of A [depths][4] and one of B [depths][8].
inline void multiply_tile(const float* a, const float* b, std::int64_t depths, v128_t (&sums)[8]) {
  v128_t c00 = wasm_f32x4_const_splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (std::int64_t k = 0; k < depths; ++k, a += kTileRows, b += kTileColumns) {
    const v128_t b0 = wasm_v128_load(b), b1 = wasm_v128_load(b + 4);
    const v128_t a0 = wasm_v128_load32_splat(a);
    c00 = wasm_f32x4_add(c00, wasm_f32x4_mul(a0, b0));
    c01 = wasm_f32x4_add(c01, wasm_f32x4_mul(a0, b1));
    const v128_t a1 = wasm_v128_load32_splat(a + 1);
    c10 = wasm_f32x4_add(c10, wasm_f32x4_mul(a1, b0));
    c11 = wasm_f32x4_add(c11, wasm_f32x4_mul(a1, b1));
    const v128_t a2 = wasm_v128_load32_splat(a + 2);
    c20 = wasm_f32x4_add(c20, wasm_f32x4_mul(a2, b0));
    c21 = wasm_f32x4_add(c21, wasm_f32x4_mul(a2, b1));
    const v128_t a3 = wasm_v128_load32_splat(a + 3);
    c30 = wasm_f32x4_add(c30, wasm_f32x4_mul(a3, b0));
    c31 = wasm_f32x4_add(c31, wasm_f32x4_mul(a3, b1));
  }
  sums[0] = c00, sums[1] = c01, sums[2] = c10, sums[3] = c11;
  sums[4] = c20, sums[5] = c21, sums[6] = c30, sums[7] = c31;
}

/// Adds a tile to C, of which only the first rows and columns may lie inside the matrix.
void add_tile(const v128_t (&sums)[8], float* c, std::int64_t step, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t i = 0; i < std::min(rows, kTileRows); ++i, c += step) {
    if (columns >= kTileColumns) {
      wasm_v128_store(c, wasm_f32x4_add(wasm_v128_load(c), sums[2 * i]));
      wasm_v128_store(c + 4, wasm_f32x4_add(wasm_v128_load(c + 4), sums[2 * i + 1]));
      continue;
    }
    float row[kTileColumns];
    wasm_v128_store(row, sums[2 * i]);
    wasm_v128_store(row + 4, sums[2 * i + 1]);
    for (std::int64_t j = 0; j < columns; ++j) c[j] += row[j];
  }
}

void multiply(const View& a, const View& b, std::int64_t m, std::int64_t n, std::int64_t k, float* c) {
  std::vector<float> packed_b(static_cast<std::size_t>(rounded_up(n, kTileColumns) * std::min(k, kDepth)));
  std::vector<float> packed_a(
      static_cast<std::size_t>(rounded_up(std::min(m, kBlockRows), kTileRows) * std::min(k, kDepth)));
  v128_t sums[8];
  for (std::int64_t depth = 0; depth < k; depth += kDepth) {
    const std::int64_t depths = std::min(kDepth, k - depth);
    pack_columns(b, n, depth, depths, packed_b.data());
    for (std::int64_t block = 0; block < m; block += kBlockRows) {
      const std::int64_t rows = std::min(kBlockRows, m - block);
      pack_rows(a, block, rows, depth, depths, packed_a.data());
      for (std::int64_t column = 0; column < n; column += kTileColumns) {
        const float* panel = packed_b.data() + column * depths;
        for (std::int64_t row = 0; row < rows; row += kTileRows) {
          multiply_tile(packed_a.data() + row * depths, panel, depths, sums);
          add_tile(sums, c + (block + row) * n + column, n, rows - row, n - column);
        }
      }
    }
  }
}

class WasmSimdBackend final : public Backend {
 public:
  std::string_view name() const override { return "wasm_simd"; }

  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    return eigen_backend().convolution(shape);
  }

  std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const float> weight,
                                                      std::span<const float> bias, Activation activation,
                                                      bool with_residual) const override {
    return eigen_backend().fused_convolution(shape, weight, bias, activation, with_residual);
  }

  void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
            std::span<const float> a, std::span<const float> b, float beta, std::span<float> c) const override {
    if (beta == 0.0F) {
      std::fill(c.begin(), c.end(), 0.0F);
    } else if (beta != 1.0F) {
      for (float& value : c) value *= beta;
    }
    const View left = transpose_a ? View{a.data(), 1, m} : View{a.data(), k, 1};
    const View right = transpose_b ? View{b.data(), 1, k} : View{b.data(), n, 1};
    multiply(left, right, m, n, k, c.data());
  }
};

}  // namespace

const Backend& wasm_simd_backend() {
  static const WasmSimdBackend backend;
  return backend;
}

}  // namespace dermdistill
