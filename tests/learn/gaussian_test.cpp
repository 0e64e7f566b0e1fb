#include "core/learn/gaussian.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/learn/out_of_distribution.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

namespace {

using Table = std::vector<std::vector<double>>;

/// Rows whose channels have other means, scales and a common part.
std::vector<float> correlated_rows(std::size_t count, std::size_t channels, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double shared = random.normal();
    for (std::size_t c = 0; c < channels; ++c) {
      const double scale = 0.2 + static_cast<double>(c % 5);
      rows.push_back(static_cast<float>(3.0 * static_cast<double>(c % 3) + scale * (shared + random.normal())));
    }
  }
  return rows;
}

/// The shrunk covariance by its definition, with the distance of every image's outer product from the mean one.
Table shrunk_covariance(const std::vector<float>& rows, std::size_t channels, std::vector<double>& mean) {
  const std::size_t n = rows.size() / channels;
  const auto count = static_cast<double>(n), p = static_cast<double>(channels);
  const auto value = [&](std::size_t i, std::size_t c) { return static_cast<double>(rows[i * channels + c]); };
  mean.assign(channels, 0);
  std::vector<double> deviation(channels);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < channels; ++c) mean[c] += value(i, c) / count;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < channels; ++c) deviation[c] += std::pow(value(i, c) - mean[c], 2) / count;
  for (double& d : deviation) d = std::sqrt(d);
  const auto outer = [&](std::size_t i, std::size_t a, std::size_t b) {
    return (value(i, a) - mean[a]) * (value(i, b) - mean[b]) / (deviation[a] * deviation[b]);
  };
  Table covariance(channels, std::vector<double>(channels));
  for (std::size_t a = 0; a < channels; ++a)
    for (std::size_t b = 0; b < channels; ++b)
      for (std::size_t i = 0; i < n; ++i) covariance[a][b] += outer(i, a, b) / count;
  double distance = 0, error = 0;  // of the mean eigenvalue, which is 1 here, and of the images
  for (std::size_t a = 0; a < channels; ++a)
    for (std::size_t b = 0; b < channels; ++b) {
      distance += std::pow(covariance[a][b] - (a == b ? 1 : 0), 2) / p;
      for (std::size_t i = 0; i < n; ++i) error += std::pow(outer(i, a, b) - covariance[a][b], 2) / (p * count * count);
    }
  const double share = distance > 1e-12 ? std::clamp(error / distance, 1e-4, 1.0) : 1.0;
  for (std::size_t a = 0; a < channels; ++a)
    for (std::size_t b = 0; b < channels; ++b)
      covariance[a][b] = ((1 - share) * covariance[a][b] + (a == b ? share : 0)) * deviation[a] * deviation[b];
  return covariance;
}

/// sqrt(d' S^-1 d), the covariance inverted by elimination.
double distance_by_elimination(Table system, const std::vector<double>& difference) {
  const std::size_t n = difference.size();
  std::vector<double> right = difference;
  for (std::size_t p = 0; p < n; ++p)
    for (std::size_t r = 0; r < n; ++r) {
      if (r == p) continue;
      const double factor = system[r][p] / system[p][p];
      for (std::size_t c = p; c < n; ++c) system[r][c] -= factor * system[p][c];
      right[r] -= factor * right[p];
    }
  double sum = 0;
  for (std::size_t r = 0; r < n; ++r) sum += difference[r] * right[r] / system[r][r];
  return std::sqrt(sum);
}

std::span<const float> row_of(const std::vector<float>& rows, std::size_t channels, std::size_t row) {
  return std::span<const float>(rows).subspan(row * channels, channels);
}

}  // namespace

TEST_CASE("the distance is the Mahalanobis distance under the covariance of Ledoit and Wolf", "[learn]") {
  const auto [channels, count] =
      GENERATE(table<std::size_t, std::size_t>({{1, 2}, {2, 3}, {3, 40}, {8, 1000}, {24, 10}, {32, 500}}));
  CAPTURE(channels, count);
  const std::vector<float> rows = correlated_rows(count, channels, 7 * channels + count);
  const Gaussian gaussian = fit_gaussian(rows, static_cast<int>(channels));
  std::vector<double> mean;
  const Table covariance = shrunk_covariance(rows, channels, mean);
  const std::vector<float> fresh = correlated_rows(10, channels, 5);
  for (std::size_t i = 0; i < 10; ++i) {
    std::vector<double> difference;
    for (std::size_t c = 0; c < channels; ++c)
      difference.push_back(static_cast<double>(fresh[i * channels + c]) - mean[c]);
    CHECK(mahalanobis_distance(gaussian, row_of(fresh, channels, i)) ==
          Approx(distance_by_elimination(covariance, difference)).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("of many rows the Gaussian is the one that they were drawn from", "[learn]") {
  // Covariance [[4, 2], [2, 3]] = L L' with L = [[2, 0], [1, sqrt 2]], mean (5, -1).
  Random random(3);
  std::vector<float> rows;
  for (int i = 0; i < 40'000; ++i) {
    const double a = random.normal(), b = random.normal();
    rows.push_back(static_cast<float>(5 + 2 * a));
    rows.push_back(static_cast<float>(-1 + a + std::sqrt(2.0) * b));
  }
  const Gaussian gaussian = fit_gaussian(rows, 2);
  CHECK(mahalanobis_distance(gaussian, std::vector<float>{5, -1}) == Approx(0).margin(0.03));
  CHECK(mahalanobis_distance(gaussian, std::vector<float>{7, -1}) == Approx(std::sqrt(4 * 3 / 8.0)).epsilon(0.03));
  CHECK(mahalanobis_distance(gaussian, std::vector<float>{5, 1}) == Approx(std::sqrt(4 * 4 / 8.0)).epsilon(0.03));
  CHECK(mahalanobis_distance(gaussian, std::vector<float>{7, 0}) == Approx(1.0).epsilon(0.03));  // along L's column
}

TEST_CASE("channels that never move, and equal rows, still give a distance", "[learn]") {
  std::vector<float> rows;
  Random random(1);
  for (int i = 0; i < 50; ++i) rows.insert(rows.end(), {static_cast<float>(random.normal()), 2.0F});
  const Gaussian still = fit_gaussian(rows, 2);
  CHECK(mahalanobis_distance(still, std::vector<float>{0, 2}) < 1);
  CHECK(mahalanobis_distance(still, std::vector<float>{0, 3}) > 20);
  const Gaussian equal = fit_gaussian(std::vector<float>{1, 2, 1, 2}, 2);
  CHECK(mahalanobis_distance(equal, std::vector<float>{1, 2}) == 0);
  CHECK(mahalanobis_distance(equal, std::vector<float>{4, 6}) == Approx(5));
}

TEST_CASE("rows that no Gaussian can be fitted to are refused", "[learn]") {
  CHECK_THROWS_WITH(fit_gaussian(std::vector<float>(7), 3), Contains("early embeddings") && Contains("rows of 3"));
  CHECK_THROWS_WITH(fit_gaussian(std::vector<float>(3), 3), Contains("1 images") && Contains("at least two"));
  std::vector<float> rows(6);
  rows[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(fit_gaussian(rows, 3), Contains("not finite"));
  const Gaussian gaussian = fit_gaussian(correlated_rows(9, 3, 1), 3);
  CHECK_THROWS_WITH(mahalanobis_distance(gaussian, std::vector<float>(4)), Contains("4 values") && Contains("3"));
}

TEST_CASE("a Gaussian travels as text to the same bits, and what is none is refused", "[learn]") {
  const Gaussian gaussian = fit_gaussian(correlated_rows(100, 6, 2), 6);
  const Gaussian read = gaussian_from_text(gaussian_to_text(gaussian), "m.onnx");
  CHECK(read.channels == 6);
  CHECK(read.mean == gaussian.mean);
  CHECK(read.factor == gaussian.factor);

  const auto refuses = [](const TensorFile& file, const std::string& reason) {
    CHECK_THROWS_WITH(gaussian_from_tensors(file, "m.onnx"), Contains("m.onnx") && Contains(reason));
  };
  const TensorFile good = to_tensors(gaussian);
  TensorFile file = good;
  file.metadata["format"] = "else";
  refuses(file, "something else");
  file = good;
  file.metadata["version"] = "2";
  refuses(file, "newer program");
  file = good;
  file.tensors.pop_back();
  refuses(file, "factor");
  file = good;
  file.tensors.push_back({"more", DType::F32, {}, std::vector<std::byte>(4)});
  refuses(file, "unexpected tensor");
  Gaussian other = gaussian;
  other.mean.pop_back();
  refuses(to_tensors(other), "do not fit each other");
  other = gaussian;
  other.factor[2] = 0;
  refuses(to_tensors(other), "not positive");
  other = gaussian;
  other.mean[1] = std::numeric_limits<float>::infinity();
  refuses(to_tensors(other), "unusable number");
  CHECK_THROWS_WITH(gaussian_from_text("not base64", "m.onnx"), Contains("m.onnx") && Contains("base64"));
}

TEST_CASE("strangers score above the threshold that keeps 99 % of validation rows", "[learn]") {
  constexpr std::size_t kChannels = 12;
  const std::vector<float> training = correlated_rows(2000, kChannels, 6),
                           validation = correlated_rows(1000, kChannels, 7);
  const Gaussian gaussian = fit_gaussian(training, static_cast<int>(kChannels));
  const auto entry = fit_stranger_score(validation, gaussian);
  CHECK(entry.at("images") == 1000);
  CHECK(entry.at("kept") == kKeptShare);
  CHECK(entry.at("threshold") == entry.at("percentiles").at("99"));
  const auto score = StrangerScore::from(entry, &gaussian, "m");
  REQUIRE(score);
  CHECK(score->kept() == kKeptShare);
  int kept = 0, found = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto row = row_of(validation, kChannels, i);
    const StrangerVerdict verdict = (*score)(row);
    CHECK(verdict.score == mahalanobis_distance(gaussian, row));
    CHECK(verdict.threshold == entry.at("threshold").get<double>());
    kept += !verdict.unlike;
    std::vector<float> stranger(row.begin(), row.end());
    for (std::size_t c = 0; c < kChannels; ++c) stranger[c] += c % 2 == 0 ? 3.0F : -3.0F;
    found += (*score)(stranger).unlike;
  }
  CHECK(kept == Approx(990).margin(1));
  CHECK(found > 950);
  CHECK((*score)(std::vector<float>(kChannels, std::numeric_limits<float>::quiet_NaN())).unlike);
  CHECK_THROWS_WITH((*score)(std::vector<float>(3)), Contains("3 values"));
  CHECK_THROWS_WITH(fit_stranger_score({}, gaussian), Contains("0 values"));

  CHECK_FALSE(StrangerScore::from(nlohmann::json::object(), &gaussian, "m"));
  CHECK_THROWS_WITH(StrangerScore::from(entry, nullptr, "m.onnx"),
                    Contains("m.onnx") && Contains("dermdistill.early_statistics"));
  nlohmann::json broken = entry;
  broken["threshold"] = "high";
  CHECK_THROWS_WITH(StrangerScore::from(broken, &gaussian, "m"), Contains("threshold"));
  broken = entry;
  broken.erase("kept");
  CHECK_THROWS_WITH(StrangerScore::from(broken, &gaussian, "m"), Contains("kept"));
  // Scores of older files rested on another embedding.
  for (const char* old : {"energy", "energy+distance", "energy+class-distance"}) {
    broken = entry;
    broken["score"] = old;
    CHECK_THROWS_WITH(StrangerScore::from(broken, &gaussian, "m.onnx"),
                      Contains("m.onnx: it was exported before the early embedding") && Contains("exported again"));
  }
}
