// The loops behind product_kernels.h. Included once by each product_kernels_*.cpp inside its own namespace and compiled
// there for its instruction set; so nothing in here may call an inline function that other files also use.
// (no include guard: the including file defines DERMDISTILL_KERNEL_SET and the vector's size)

namespace dermdistill::DERMDISTILL_KERNEL_SET {
namespace {

template <typename T>
struct Vector;
template <>
struct Vector<float> {
  typedef float Type __attribute__((vector_size(DERMDISTILL_VECTOR_BYTES)));
  typedef float Unaligned __attribute__((vector_size(DERMDISTILL_VECTOR_BYTES), aligned(4), may_alias));
};
template <>
struct Vector<double> {
  typedef double Type __attribute__((vector_size(DERMDISTILL_VECTOR_BYTES)));
  typedef double Unaligned __attribute__((vector_size(DERMDISTILL_VECTOR_BYTES), aligned(8), may_alias));
};

constexpr int kColumns = DERMDISTILL_TILE_COLUMNS;  // as many accumulators as the registers hold

/// kTileRows x kColumns dot products at a time; rows beyond the given ones repeat the last and are dropped.
template <typename T>
void dot_strip(const T* a, int a_rows, const T* b, int b_rows, std::int64_t stride, int length, double* out,
               std::int64_t out_stride) {
  using V = typename Vector<T>::Type;
  using U = typename Vector<T>::Unaligned;
  constexpr int kLanes = static_cast<int>(sizeof(V) / sizeof(T));
  const T* pa[kTileRows];
  const T* pb[kColumns];
  for (int i = 0; i < kTileRows; ++i) pa[i] = a + (i < a_rows ? i : a_rows - 1) * stride;
  for (int j = 0; j < kColumns; ++j) pb[j] = b + (j < b_rows ? j : b_rows - 1) * stride;
  V sum[kTileRows][kColumns] = {};
  int c = 0;
  for (; c + kLanes <= length; c += kLanes) {
    V vb[kColumns];
    for (int j = 0; j < kColumns; ++j) vb[j] = *reinterpret_cast<const U*>(pb[j] + c);
    for (int i = 0; i < kTileRows; ++i) {
      const V va = *reinterpret_cast<const U*>(pa[i] + c);
      for (int j = 0; j < kColumns; ++j) sum[i][j] += va * vb[j];
    }
  }
  for (int i = 0; i < a_rows; ++i) {
    for (int j = 0; j < b_rows; ++j) {
      double total = 0;
      for (int lane = 0; lane < kLanes; ++lane) total += static_cast<double>(sum[i][j][lane]);
      for (int k = c; k < length; ++k) total += static_cast<double>(pa[i][k]) * static_cast<double>(pb[j][k]);
      out[i * out_stride + j] += total;
    }
  }
}

template <typename T>
void dot_tile(const T* a, int a_rows, const T* b, int b_rows, std::int64_t stride, int length, double* out,
              std::int64_t out_stride) {
  for (int j = 0; j < b_rows; j += kColumns) {
    dot_strip<T>(a, a_rows, b + j * stride, b_rows - j < kColumns ? b_rows - j : kColumns, stride, length, out + j,
                 out_stride);
  }
}

template <typename T>
void combine(const T* weights, int rows, int terms, const T* z, std::int64_t stride, int length, float* out,
             std::int64_t out_stride) {
  using V = typename Vector<T>::Type;
  using U = typename Vector<T>::Unaligned;
  constexpr int kLanes = static_cast<int>(sizeof(V) / sizeof(T));
  const T* w[kTileRows];
  for (int i = 0; i < kTileRows; ++i) w[i] = weights + static_cast<std::int64_t>(i < rows ? i : rows - 1) * terms;
  int c = 0;
  for (; c + kColumns * kLanes <= length; c += kColumns * kLanes) {
    V sum[kTileRows][kColumns] = {};
    for (int k = 0; k < terms; ++k) {
      const T* row = z + k * stride + c;
      V vz[kColumns];
      for (int j = 0; j < kColumns; ++j) vz[j] = *reinterpret_cast<const U*>(row + j * kLanes);
      for (int i = 0; i < kTileRows; ++i) {
        for (int j = 0; j < kColumns; ++j) sum[i][j] += w[i][k] * vz[j];
      }
    }
    for (int i = 0; i < rows; ++i) {
      float* to = out + i * out_stride + c;
      for (int j = 0; j < kColumns; ++j) {
        for (int lane = 0; lane < kLanes; ++lane) to[j * kLanes + lane] += static_cast<float>(sum[i][j][lane]);
      }
    }
  }
  for (; c < length; ++c) {
    for (int i = 0; i < rows; ++i) {
      T sum = 0;
      for (int k = 0; k < terms; ++k) sum += w[i][k] * z[k * stride + c];
      out[i * out_stride + c] += static_cast<float>(sum);
    }
  }
}

void subtract(const float* a, const float* b, std::int64_t count, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = a[i] - b[i];
}

double squared_difference(const float* a, const float* b, std::int64_t count, float scale, bool add,
                          float* __restrict out) {
  double sum = 0;
  if (add) {
    for (std::int64_t i = 0; i < count; ++i) {
      const float d = a[i] - b[i];
      sum += static_cast<double>(d) * static_cast<double>(d);
      out[i] += scale * d;
    }
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      const float d = a[i] - b[i];
      sum += static_cast<double>(d) * static_cast<double>(d);
      out[i] = scale * d;
    }
  }
  return sum;
}

double angle_row(int n, int j, const double* gram_s, const double* inverse_s, const double* gram_t,
                 const double* inverse_t, double* __restrict d_row, double* __restrict row_sums) {
  const double* gj_s = gram_s + static_cast<std::int64_t>(j) * n;
  const double* gj_t = gram_t + static_cast<std::int64_t>(j) * n;
  double value = 0;
  for (int i = 0; i < n; ++i) {
    const std::int64_t row = static_cast<std::int64_t>(i) * n;
    const double *gi_s = gram_s + row, *gi_t = gram_t + row, *inv_s = inverse_s + row, *inv_t = inverse_t + row;
    const double shift_s = gi_s[i] - gi_s[j], shift_t = gi_t[i] - gi_t[j];
    const double scale_s = inv_s[j], scale_t = inv_t[j];
    double q_sum = 0, angle_sum = 0, loss = 0;
    for (int k = 0; k < n; ++k) {
      const double inverse = scale_s * inv_s[k];
      const double angle_s = (gj_s[k] - gi_s[k] + shift_s) * inverse;
      const double angle_t = (gj_t[k] - gi_t[k] + shift_t) * (scale_t * inv_t[k]);
      const double difference = angle_s - angle_t;
      double slope = difference < 1.0 ? difference : 1.0;
      slope = slope > -1.0 ? slope : -1.0;
      loss += slope * (difference - 0.5 * slope);
      const double q = slope * inverse;
      d_row[k] += q;
      q_sum += q;
      angle_sum += slope * angle_s;
    }
    // The cosine's denominator: D_ij is a function of the product at (j, j).
    const double diagonal = angle_sum * scale_s * scale_s;
    d_row[j] -= diagonal;
    row_sums[i] = q_sum - diagonal;
    value += loss;
  }
  return value;
}

constexpr ProductKernels kTable{DERMDISTILL_KERNEL_NAME, dot_tile<float>, dot_tile<double>,   combine<float>,
                                combine<double>,         subtract,        squared_difference, angle_row};

}  // namespace
}  // namespace dermdistill::DERMDISTILL_KERNEL_SET
