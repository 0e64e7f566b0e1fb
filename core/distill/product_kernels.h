// The arithmetic-bound loops of the relational losses, one table of functions an instruction set, chosen at run time.
// They work on what they are given, on the calling thread, and keep no state.
#pragma once

#include <cstdint>

namespace dermdistill {

inline constexpr int kTileRows = 4;

/// Distance between rows in a buffer of ours: off the powers of two, on which cache sets collide.
inline std::int64_t padded_stride(std::int64_t length) { return (length + 15) / 16 * 16 + 16; }

struct ProductKernels {
  const char* name;

  /// out[i][j] += sum over c of a[i][c] * b[j][c], for up to kTileRows rows of each, `stride` apart; sums of `length`
  /// products are accumulated in the element type and added in double.
  void (*dot_tile_float)(const float* a, int a_rows, const float* b, int b_rows, std::int64_t stride, int length,
                         double* out, std::int64_t out_stride);
  void (*dot_tile_double)(const double* a, int a_rows, const double* b, int b_rows, std::int64_t stride, int length,
                          double* out, std::int64_t out_stride);

  /// out[i][c] += sum over k of weights[i][k] * z[k][c], for up to kTileRows rows of weights [terms] and of out.
  void (*combine_float)(const float* weights, int rows, int terms, const float* z, std::int64_t stride, int length,
                        float* out, std::int64_t out_stride);
  void (*combine_double)(const double* weights, int rows, int terms, const double* z, std::int64_t stride, int length,
                         float* out, std::int64_t out_stride);

  /// out = a - b.
  void (*subtract)(const float* a, const float* b, std::int64_t count, float* out);

  /// Sum of (a - b)^2 in double; out = scale * (a - b), or += when `add`.
  double (*squared_difference)(const float* a, const float* b, std::int64_t count, float scale, bool add, float* out);

  /// Row j of the angle loss over n rows, for all anchors i and third rows k. gram and inverse distances [n, n] of the
  /// student (s) and the teacher (t). Adds the unscaled gradient by gram[j][k] to d_row [n], writes the row sums for
  /// each anchor into row_sums [n], and returns the sum of the smooth L1 differences.
  double (*angle_row)(int n, int j, const double* gram_s, const double* inverse_s, const double* gram_t,
                      const double* inverse_t, double* d_row, double* row_sums);
};

/// The table for this processor.
const ProductKernels& product_kernels();

/// Every table that this processor can run, the portable one first (for tests).
int product_kernel_count();
const ProductKernels& product_kernels_at(int index);

}  // namespace dermdistill
