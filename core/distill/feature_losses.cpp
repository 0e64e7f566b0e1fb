#include "core/distill/feature_losses.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/distill/product_kernels.h"

namespace dermdistill {
namespace {

constexpr int kBlockChannels = 1024;  // a block's rows stay in the second-level cache; float sums are no longer

void check_maps(std::size_t student, std::size_t teacher, std::size_t gradient, std::size_t expected) {
  const auto check = [&](const char* name, std::size_t size) {
    if (size != expected) throw ShapeError(name, std::to_string(size) + " values", std::to_string(expected));
  };
  check("student feature map", student);
  check("teacher feature map", teacher);
  check("gradient of the student feature map", gradient);
}

/// Copies one block of channels of an image's rows f (student) and of d = f - t into [f; d], rows `stride` apart.
void pack_block(const float* student, const float* teacher, const MapShape& shape, int first, int length,
                std::int64_t stride, float* tile) {
  const ProductKernels& kernels = product_kernels();
  for (int p = 0; p < shape.positions; ++p) {
    const std::int64_t offset = static_cast<std::int64_t>(p) * shape.channels + first;
    std::copy_n(student + offset, length, tile + p * stride);
    kernels.subtract(student + offset, teacher + offset, length, tile + (shape.positions + p) * stride);
  }
}

/// Adds the products of the rows of [f; d] on and above the diagonal to products [2P, 2P].
void add_products(const float* tile, int rows, int length, std::int64_t stride, double* products) {
  const ProductKernels& kernels = product_kernels();
  for (int i = 0; i < rows; i += kTileRows) {
    for (int j = i; j < rows; j += kTileRows) {
      kernels.dot_tile_float(tile + i * stride, std::min(kTileRows, rows - i), tile + j * stride,
                             std::min(kTileRows, rows - j), stride, length,
                             products + static_cast<std::int64_t>(i) * rows + j, rows);
    }
  }
}

/// With columns F and T, D = F - T, and the P x P products S = F'F, B = D'F, A = D'D:
///   |FF' - TT'|^2 = |F D' + D F' - D D'|^2 = 2 <S, A> + 2 tr(B B) - 4 <B', A> + |A|^2,
///   its gradient by F is 4 (FF' - TT') F = 4 (F B + D (S - B)),
/// which equals the form with |F'F|^2 - 2 |T'F|^2 + |T'T|^2 but loses no digits when F and T are close.
/// Returns the square and writes the transposed gradient's weights for the rows [f; d]: [P, 2P].
double square_and_weights(const double* products, int positions, float* weights) {
  const std::int64_t p = positions, rows = 2 * p;
  const auto s = [&](std::int64_t i, std::int64_t j) { return products[std::min(i, j) * rows + std::max(i, j)]; };
  const auto a = [&](std::int64_t i, std::int64_t j) {
    return products[(p + std::min(i, j)) * rows + p + std::max(i, j)];
  };
  const auto b = [&](std::int64_t i, std::int64_t j) { return products[j * rows + p + i]; };  // d_i . f_j
  double square = 0;
  for (std::int64_t i = 0; i < p; ++i) {
    for (std::int64_t j = 0; j < p; ++j) {
      const double a_ij = a(i, j), b_ij = b(i, j), b_ji = b(j, i), s_ij = s(i, j);
      square += 2 * s_ij * a_ij + 2 * b_ij * b_ji - 4 * b_ji * a_ij + a_ij * a_ij;
      weights[i * rows + j] = static_cast<float>(4 * b_ji);
      weights[i * rows + p + j] = static_cast<float>(4 * (s_ij - b_ji));
    }
  }
  return square;
}

}  // namespace

double channel_relational(std::span<const float> student, std::span<const float> teacher, const MapShape& shape,
                          float weight, std::span<float> d_student, ChannelRelationWorkspace& workspace,
                          GradientWrite write) {
  if (shape.images < 1 || shape.positions < 1 || shape.channels < 1) {
    throw ShapeError("feature map", "an empty shape", "images, positions and channels of at least 1");
  }
  const std::int64_t images = shape.images, positions = shape.positions, rows = 2 * positions;
  const std::int64_t image_size = positions * shape.channels;
  check_maps(student.size(), teacher.size(), d_student.size(), static_cast<std::size_t>(images * image_size));
  const int block = std::min(shape.channels, kBlockChannels);
  const std::int64_t stride = padded_stride(block);
  const std::size_t threads = static_cast<std::size_t>(thread_count());
  workspace.weights.resize(static_cast<std::size_t>(images * positions * rows));
  workspace.squares.resize(static_cast<std::size_t>(images));
  workspace.tiles.resize(threads);
  workspace.products.resize(threads);
  for (auto& tile : workspace.tiles) tile.resize(static_cast<std::size_t>(rows * stride));
  for (auto& products : workspace.products) products.resize(static_cast<std::size_t>(rows * rows));

  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(images, part, parts);
    float* tile = workspace.tiles[static_cast<std::size_t>(part)].data();
    std::vector<double>& products = workspace.products[static_cast<std::size_t>(part)];
    for (std::int64_t image = first; image < last; ++image) {
      std::fill(products.begin(), products.end(), 0.0);
      for (int c = 0; c < shape.channels; c += block) {
        const int length = std::min(block, shape.channels - c);
        pack_block(student.data() + image * image_size, teacher.data() + image * image_size, shape, c, length, stride,
                   tile);
        add_products(tile, static_cast<int>(rows), length, stride, products.data());
      }
      workspace.squares[static_cast<std::size_t>(image)] =
          square_and_weights(products.data(), shape.positions, workspace.weights.data() + image * positions * rows);
    }
  });
  double square = 0;
  for (const double value : workspace.squares) square += value;
  const double channels = static_cast<double>(shape.channels), normaliser = channels * static_cast<double>(positions);
  const double mean = std::max(square, 0.0) / (static_cast<double>(images) * channels * channels);
  const double value = std::isnan(square) ? square : std::sqrt(mean) / normaliser;

  // d root(m) = dm / (2 root(m)): at equal maps there is no direction, and zero is the least step.
  const double scale = value > 0 ? static_cast<double>(weight) / (2 * value * normaliser * normaliser *
                                                                  static_cast<double>(images) * channels * channels)
                                 : 0;
  const ProductKernels& kernels = product_kernels();
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(images, part, parts);
    float* tile = workspace.tiles[static_cast<std::size_t>(part)].data();
    for (std::int64_t image = first; image < last; ++image) {
      float* gradient = d_student.data() + image * image_size;
      if (write == GradientWrite::Replace) std::fill_n(gradient, image_size, 0.0F);
      if (!(scale > 0 || scale < 0)) continue;
      float* weights = workspace.weights.data() + image * positions * rows;
      for (std::int64_t i = 0; i < positions * rows; ++i) weights[i] *= static_cast<float>(scale);
      for (int c = 0; c < shape.channels; c += block) {
        const int length = std::min(block, shape.channels - c);
        pack_block(student.data() + image * image_size, teacher.data() + image * image_size, shape, c, length, stride,
                   tile);
        for (int p = 0; p < shape.positions; p += kTileRows) {
          kernels.combine_float(weights + p * rows, std::min(kTileRows, shape.positions - p), static_cast<int>(rows),
                                tile, stride, length, gradient + static_cast<std::int64_t>(p) * shape.channels + c,
                                shape.channels);
        }
      }
    }
  });
  return value;
}

double fitnet_mse(std::span<const float> student, std::span<const float> teacher, float weight,
                  std::span<float> d_student, GradientWrite write) {
  check_maps(student.size(), teacher.size(), d_student.size(), student.size());
  if (student.empty()) throw ShapeError("feature map", "no values", "at least 1");
  const std::int64_t count = static_cast<std::int64_t>(student.size());
  const float scale = static_cast<float>(2 * static_cast<double>(weight) / static_cast<double>(count));
  const ProductKernels& kernels = product_kernels();
  double sum = 0;
  static thread_local std::vector<double> kept;
  kept.assign(static_cast<std::size_t>(thread_count()), 0.0);
  const std::span<double> partial(kept);  // the calling thread's, for all threads
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(count, part, parts);
    partial[static_cast<std::size_t>(part)] =
        kernels.squared_difference(student.data() + first, teacher.data() + first, last - first, scale,
                                   write == GradientWrite::Add, d_student.data() + first);
  });
  for (const double value : partial) sum += value;
  return sum / static_cast<double>(count);
}

}  // namespace dermdistill
