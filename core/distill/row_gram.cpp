#include "core/distill/row_gram.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/distill/product_kernels.h"

namespace dermdistill {

void RowGram::compute(std::span<const float> embedding, int rows, const char* name) {
  if (rows < 1 || embedding.empty() || embedding.size() % static_cast<std::size_t>(rows) != 0) {
    throw ShapeError(name, std::to_string(embedding.size()) + " values",
                     std::to_string(rows) + " rows of equal length");
  }
  rows_ = rows;
  dimensions_ = static_cast<int>(embedding.size() / static_cast<std::size_t>(rows));
  stride_ = padded_stride(dimensions_);
  wide_.resize(static_cast<std::size_t>(stride_ * rows));
  gram_.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(rows));
  parallel_for(rows, [&](std::int64_t r) {
    std::copy_n(embedding.data() + r * dimensions_, dimensions_, wide_.data() + r * stride_);
  });

  const ProductKernels& kernels = product_kernels();
  const std::int64_t blocks = (rows + kTileRows - 1) / kTileRows;
  // Tiles on and above the diagonal, numbered row by row: equal work for each thread, and the same bits for any number.
  parallel_for(blocks * (blocks + 1) / 2, [&](std::int64_t tile) {
    std::int64_t block_i = 0;
    for (; tile >= blocks - block_i; ++block_i) tile -= blocks - block_i;
    const int i = static_cast<int>(block_i) * kTileRows, j = i + static_cast<int>(tile) * kTileRows;
    const int rows_i = std::min(kTileRows, rows - i), rows_j = std::min(kTileRows, rows - j);
    double products[kTileRows * kTileRows];
    std::fill(std::begin(products), std::end(products), 0.0);
    kernels.dot_tile_double(wide_.data() + i * stride_, rows_i, wide_.data() + j * stride_, rows_j, stride_,
                            dimensions_, products, kTileRows);
    for (int a = 0; a < rows_i; ++a) {
      for (int b = 0; b < rows_j; ++b) {
        const std::size_t row = static_cast<std::size_t>(i + a), column = static_cast<std::size_t>(j + b);
        const std::size_t n = static_cast<std::size_t>(rows);
        if (row > column) continue;
        gram_[row * n + column] = gram_[column * n + row] = products[a * kTileRows + b];
      }
    }
  });
}

void RowGram::backward(std::span<double> d_gram, double scale, std::span<float> d_embedding) const {
  const std::size_t n = static_cast<std::size_t>(rows_);
  if (d_gram.size() != n * n || d_embedding.size() != n * static_cast<std::size_t>(dimensions_)) {
    throw ShapeError("gradient of an embedding", std::to_string(d_embedding.size()) + " values",
                     std::to_string(rows_) + " rows of " + std::to_string(dimensions_));
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      d_gram[i * n + j] = d_gram[j * n + i] = scale * (d_gram[i * n + j] + d_gram[j * n + i]);
    }
  }
  const ProductKernels& kernels = product_kernels();
  parallel_for((rows_ + kTileRows - 1) / kTileRows, [&](std::int64_t block) {
    const int i = static_cast<int>(block) * kTileRows;
    kernels.combine_double(d_gram.data() + static_cast<std::size_t>(i) * n, std::min(kTileRows, rows_ - i), rows_,
                           wide_.data(), stride_, dimensions_,
                           d_embedding.data() + static_cast<std::int64_t>(i) * dimensions_, dimensions_);
  });
}

}  // namespace dermdistill
