// The cheap forms against the definitions they replace, kernels against each other, and the corners of each loss.
#include "core/distill/relations.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/distill/feature_losses.h"
#include "core/distill/product_kernels.h"
#include "core/distill/self_supervision.h"
#include "tests/support/golden.h"
#include "tests/support/random_values.h"

namespace dermdistill {
namespace {

using testing::normal_values;

using Catch::Matchers::Contains;
using testing::largest_relative_difference;

std::vector<float> rectified(std::vector<float> values) {
  for (float& value : values) value = std::max(value, 0.0F);
  return values;
}

/// The definition: channels x channels Gram matrices in double, and the gradient through them.
double channel_relational_by_definition(std::span<const float> student, std::span<const float> teacher,
                                        const MapShape& shape, std::vector<double>& gradient) {
  const std::size_t p = static_cast<std::size_t>(shape.positions), c = static_cast<std::size_t>(shape.channels);
  const double normaliser = static_cast<double>(p * c);
  std::vector<double> differences;
  double square = 0;
  for (std::size_t image = 0; image < static_cast<std::size_t>(shape.images); ++image) {
    const std::span<const float> s = student.subspan(image * p * c, p * c), t = teacher.subspan(image * p * c, p * c);
    for (std::size_t a = 0; a < c; ++a) {
      for (std::size_t b = 0; b < c; ++b) {
        double difference = 0;
        for (std::size_t k = 0; k < p; ++k) {
          difference += static_cast<double>(s[k * c + a]) * static_cast<double>(s[k * c + b]) -
                        static_cast<double>(t[k * c + a]) * static_cast<double>(t[k * c + b]);
        }
        differences.push_back(difference / normaliser);
        square += differences.back() * differences.back();
      }
    }
  }
  const double count = static_cast<double>(differences.size()), value = std::sqrt(square / count);
  gradient.assign(student.size(), 0.0);
  for (std::size_t image = 0; image < static_cast<std::size_t>(shape.images); ++image) {
    for (std::size_t a = 0; a < c; ++a) {
      for (std::size_t b = 0; b < c; ++b) {
        const double d = differences[(image * c + a) * c + b] / (count * value * normaliser);
        for (std::size_t k = 0; k < p; ++k) {
          gradient[(image * p + k) * c + a] += 2 * d * static_cast<double>(student[(image * p + k) * c + b]);
        }
      }
    }
  }
  return value;
}

TEST_CASE("channel relations equal their definition, also when student and teacher are close") {
  Random random(21);
  for (const MapShape shape : {MapShape{1, 1, 1}, MapShape{3, 4, 17}, MapShape{2, 49, 33}, MapShape{1, 5, 1100}}) {
    const std::size_t size = static_cast<std::size_t>(shape.images * shape.positions * shape.channels);
    const std::vector<float> teacher = rectified(normal_values(random, size));
    for (const double distance : {1.0, 1e-2, 1e-4}) {
      std::vector<float> student = normal_values(random, size, distance);
      for (std::size_t i = 0; i < size; ++i) student[i] += teacher[i];
      std::vector<double> expected;
      const double value = channel_relational_by_definition(student, teacher, shape, expected);
      std::vector<float> gradient(size);
      ChannelRelationWorkspace workspace;
      INFO("images " << shape.images << ", positions " << shape.positions << ", channels " << shape.channels
                     << ", distance " << distance);
      CHECK(channel_relational(student, teacher, shape, 1.0F, gradient, workspace) == Approx(value).epsilon(1e-5));
      CHECK(largest_relative_difference<float, double>(gradient, expected) < 1e-4);
    }
  }
}

TEST_CASE("channel relations of equal maps are zero with a zero gradient") {
  Random random(22);
  const MapShape shape{2, 9, 20};
  const std::vector<float> map = rectified(normal_values(random, 360));
  std::vector<float> gradient(360, 7.0F);
  ChannelRelationWorkspace workspace;
  CHECK(channel_relational(map, map, shape, 1000.0F, gradient, workspace) == 0.0);
  CHECK(gradient == std::vector<float>(360, 7.0F));
  CHECK(channel_relational(map, map, shape, 1000.0F, gradient, workspace, GradientWrite::Replace) == 0.0);
  CHECK(gradient == std::vector<float>(360, 0.0F));
}

/// Distances and angles straight from the vectors.
double angle_by_definition(std::span<const float> student, std::span<const float> teacher, int rows) {
  const auto cosine = [rows](std::span<const float> e, int i, int j, int k) {
    const std::size_t dimensions = e.size() / static_cast<std::size_t>(rows);
    double product = 0, first = 0, second = 0;
    for (std::size_t c = 0; c < dimensions; ++c) {
      const auto at = [&](int row) { return static_cast<double>(e[static_cast<std::size_t>(row) * dimensions + c]); };
      const double a = at(j) - at(i), b = at(k) - at(i);
      product += a * b;
      first += a * a;
      second += b * b;
    }
    return product / std::max(1e-12, std::sqrt(first)) / std::max(1e-12, std::sqrt(second));
  };
  double sum = 0;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < rows; ++j) {
      for (int k = 0; k < rows; ++k) {
        const double d = std::abs(cosine(student, i, j, k) - cosine(teacher, i, j, k));
        sum += d < 1 ? 0.5 * d * d : d - 0.5;
      }
    }
  }
  return sum / (static_cast<double>(rows) * rows * rows);
}

TEST_CASE("the angle loss equals its definition, also with equal rows and dead embeddings") {
  Random random(23);
  for (int trial = 0; trial < 10; ++trial) {
    const int rows = 2 + static_cast<int>(random.below(15));
    const std::size_t ours = 1 + random.below(40), theirs = 1 + random.below(40),
                      count = static_cast<std::size_t>(rows);
    std::vector<float> student = normal_values(random, count * ours),
                       teacher = normal_values(random, count * theirs, 30);
    if (trial % 2 == 1) {
      std::copy_n(student.begin(), ours, student.end() - static_cast<std::ptrdiff_t>(ours));
      std::copy_n(teacher.begin(), theirs, teacher.end() - static_cast<std::ptrdiff_t>(theirs));
    }
    if (trial % 5 == 4) std::fill(student.begin(), student.end(), 0.0F);
    std::vector<float> gradient(student.size());
    RelationWorkspace workspace;
    INFO("trial " << trial << ", rows " << rows << ", dimensions " << ours << " and " << theirs);
    CHECK(rkd_angle(student, teacher, rows, 1.0F, gradient, workspace) ==
          Approx(angle_by_definition(student, teacher, rows)).epsilon(1e-7).margin(1e-12));
    CHECK(std::isfinite(rkd_distance(student, teacher, rows, 1.0F, gradient, workspace)));
    for (const float value : gradient) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("equal rows are recognised whatever their length") {
  Random random(24);
  for (int trial = 0; trial < 20; ++trial) {
    const std::size_t dimensions = 1 + random.below(3000);
    const std::vector<float> row = normal_values(random, dimensions, 1 + 100 * random.uniform());
    std::vector<float> embedding;
    for (int i = 0; i < 6; ++i) embedding.insert(embedding.end(), row.begin(), row.end());
    PairGeometry geometry;
    geometry.compute(embedding, 6, "embedding");
    for (const double inverse : geometry.inverse_distances()) CHECK(inverse == 0.0);
    CHECK(geometry.mean_distance() == Approx(1e-6));
  }
}

TEST_CASE("relations of a single row are zero") {
  const std::vector<float> student{1, 2, 3}, teacher{4, 5};
  std::vector<float> gradient(3, 0.0F);
  RelationWorkspace workspace;
  CHECK(rkd_distance(student, teacher, 1, 1.0F, gradient, workspace) == 0.0);
  CHECK(rkd_angle(student, teacher, 1, 1.0F, gradient, workspace) == 0.0);
  CHECK(gradient == std::vector<float>(3, 0.0F));
}

TEST_CASE("a dead projection has no similarity and no gradient") {
  Random random(25);
  std::vector<float> projection = normal_values(random, 3 * 4 * 6), gradient(projection.size(), 0.0F);
  std::fill_n(projection.begin() + 6, 6, 0.0F);  // the first image at 90 degrees
  SelfSupervisionWorkspace workspace;
  CHECK(std::isfinite(contrastive_cross_entropy(projection, 3, 1.0F, gradient, workspace)));
  for (std::size_t i = 0; i < 6; ++i) CHECK(gradient[6 + i] == 0.0F);
  for (const float value : gradient) CHECK(std::isfinite(value));
}

TEST_CASE("contrastive accuracy counts the views that find their image") {
  // Two images in two dimensions; of image 0, the view at 180 degrees points to image 1.
  const std::vector<float> projection{1, 0, 2, 0.1F, 0.1F, 3, 1, -0.5F, 0, 1, 0, 5, 0.2F, 1, -1, 1};
  SelfSupervisionWorkspace workspace;
  CHECK(contrastive_accuracy(projection, 2, workspace) == Approx(5.0 / 6));
}

TEST_CASE("losses do not depend on the number of threads") {
  Random random(26);
  const int before = thread_count();
  const std::vector<float> student = normal_values(random, 20 * 70), teacher = normal_values(random, 20 * 50);
  const MapShape shape{5, 9, 28};
  const std::vector<float> ours = normal_values(random, 5 * 9 * 28), theirs = normal_values(random, 5 * 9 * 28);
  std::vector<std::vector<float>> gradients;
  std::vector<std::vector<double>> values;
  for (const int threads : {1, 2, 3, 7}) {
    set_thread_count(threads);
    std::vector<float> by_row(student.size()), by_map(ours.size());
    RelationWorkspace relations;
    ChannelRelationWorkspace channels;
    const RelationLosses losses = relation_losses(student, teacher, 20, 25.0F, 50.0F, by_row, relations);
    values.push_back({losses.distance, losses.angle, channel_relational(ours, theirs, shape, 3.0F, by_map, channels)});
    by_row.insert(by_row.end(), by_map.begin(), by_map.end());
    gradients.push_back(by_row);
  }
  set_thread_count(before);
  for (std::size_t i = 1; i < gradients.size(); ++i) {
    CHECK(values[i] == values[0]);
    CHECK(gradients[i] == gradients[0]);
  }
}

#if defined(__x86_64__)
TEST_CASE("a processor with AVX2 does not get the portable kernels") {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  CHECK(product_kernel_count() > 1);
  CHECK(std::string(product_kernels().name) != "portable");
}
#endif

TEST_CASE("the kernels of every instruction set agree with the definition over random shapes") {
  Random random(27);
  for (int index = 0; index < product_kernel_count(); ++index) {
    const ProductKernels& kernels = product_kernels_at(index);
    for (int trial = 0; trial < 30; ++trial) {
      const int rows_a = 1 + static_cast<int>(random.below(4)), rows_b = 1 + static_cast<int>(random.below(4));
      const int length = 1 + static_cast<int>(random.below(150)), terms = 1 + static_cast<int>(random.below(20));
      const std::int64_t stride = length + static_cast<std::int64_t>(random.below(9));
      INFO(kernels.name << ": rows " << rows_a << " and " << rows_b << ", length " << length << ", terms " << terms
                        << ", stride " << stride);
      const std::vector<float> a = normal_values(random, static_cast<std::size_t>(4 * stride));
      const std::vector<float> z = normal_values(random, static_cast<std::size_t>(20 * stride));
      const std::vector<float> weights = normal_values(random, 80);
      const std::vector<double> wide_a(a.begin(), a.end()), wide_z(z.begin(), z.end()),
          wide_weights(weights.begin(), weights.end());
      std::vector<double> expected(16, 0.5), by_float(16, 0.5), by_double(16, 0.5);
      for (int i = 0; i < rows_a; ++i) {
        for (int j = 0; j < rows_b; ++j) {
          for (int c = 0; c < length; ++c) {
            expected[static_cast<std::size_t>(4 * i + j)] +=
                wide_a[static_cast<std::size_t>(i * stride + c)] * wide_z[static_cast<std::size_t>(j * stride + c)];
          }
        }
      }
      kernels.dot_tile_float(a.data(), rows_a, z.data(), rows_b, stride, length, by_float.data(), 4);
      kernels.dot_tile_double(wide_a.data(), rows_a, wide_z.data(), rows_b, stride, length, by_double.data(), 4);
      CHECK(largest_relative_difference<double, double>(by_float, expected) < 1e-5);
      CHECK(largest_relative_difference<double, double>(by_double, expected) < 1e-12);

      std::vector<double> combined(static_cast<std::size_t>(4 * stride), 0.25);
      std::vector<float> from_float(combined.size(), 0.25F), from_double(combined.size(), 0.25F);
      for (int i = 0; i < rows_a; ++i) {
        for (int c = 0; c < length; ++c) {
          for (int k = 0; k < terms; ++k) {
            combined[static_cast<std::size_t>(i * stride + c)] +=
                wide_weights[static_cast<std::size_t>(i * terms + k)] *
                wide_z[static_cast<std::size_t>(k * stride + c)];
          }
        }
      }
      kernels.combine_float(weights.data(), rows_a, terms, z.data(), stride, length, from_float.data(), stride);
      kernels.combine_double(wide_weights.data(), rows_a, terms, wide_z.data(), stride, length, from_double.data(),
                             stride);
      CHECK(largest_relative_difference<float, double>(from_float, combined) < 1e-5);
      CHECK(largest_relative_difference<float, double>(from_double, combined) < 1e-6);
    }
  }
}

TEST_CASE("losses of maps and rows name what does not fit") {
  std::vector<float> map(12), gradient(12), short_gradient(11);
  ChannelRelationWorkspace channels;
  RelationWorkspace relations;
  CHECK_THROWS_WITH(channel_relational(map, map, MapShape{1, 4, 4}, 1.0F, gradient, channels),
                    Contains("student feature map") && Contains("expected 16"));
  CHECK_THROWS_WITH(channel_relational(map, map, MapShape{0, 4, 3}, 1.0F, gradient, channels), Contains("empty shape"));
  CHECK_THROWS_WITH(fitnet_mse(map, map, 1.0F, short_gradient), Contains("gradient of the student feature map"));
  CHECK_THROWS_WITH(rkd_angle(map, map, 5, 1.0F, gradient, relations),
                    Contains("student embedding") && Contains("5 rows"));
  CHECK_THROWS_WITH(rkd_distance(map, map, 4, 1.0F, short_gradient, relations), Contains("gradient of an embedding"));
}

}  // namespace
}  // namespace dermdistill
