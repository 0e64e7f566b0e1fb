#include "core/learn/embedding_statistics.h"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/io/base64.h"
#include "core/learn/out_of_distribution.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

namespace {

constexpr int kChannels = 60;
const std::vector<std::string> kClasses{"A", "B", "C"};

struct Rows {
  std::vector<float> embeddings;
  std::vector<int> labels;
};

/// Classes of other means and scatter along five shared directions, and noise of another size in every channel.
Rows rows_of(int count, std::uint64_t seed) {
  Random random(seed);
  Rows rows;
  for (int i = 0; i < count; ++i) {
    const int label = i % 3;
    Random fixed(42), mean(50 + static_cast<std::uint64_t>(label));
    std::vector<double> row;
    for (int c = 0; c < kChannels; ++c) row.push_back(1 + mean.normal() + 0.1 * (1 + c % 4) * random.normal());
    for (int direction = 0; direction < 5; ++direction) {
      const double along = (1 + label) * 0.5 * random.normal();
      for (double& value : row) value += along * fixed.normal() / 3;
    }
    for (const double value : row) rows.embeddings.push_back(static_cast<float>(value));
    rows.labels.push_back(label);
  }
  return rows;
}

EmbeddingStatistics fitted(const Rows& rows) {
  return fit_embedding_statistics(rows.embeddings, rows.labels, kClasses, kChannels);
}

}  // namespace

TEST_CASE("drawn embeddings have the mean and the variance of their class", "[learn]") {
  const Rows rows = rows_of(3000, 1);
  const EmbeddingStatistics statistics = fitted(rows);
  CHECK(statistics.counts == std::vector<std::int64_t>{1000, 1000, 1000});
  for (const int label : {0, 2}) {
    Random random(9);
    std::vector<double> mean(kChannels), square(kChannels), wanted_mean(kChannels), wanted_square(kChannels);
    std::vector<float> row(kChannels);
    for (int i = 0; i < 2000; ++i) {
      sample_embedding(statistics, label, random, row);
      for (std::size_t c = 0; c < kChannels; ++c) {
        mean[c] += static_cast<double>(row[c]) / 2000;
        square[c] += static_cast<double>(row[c] * row[c]) / 2000;
      }
    }
    for (std::size_t i = 0; i < rows.labels.size(); ++i)
      for (std::size_t c = 0; c < kChannels && rows.labels[i] == label; ++c) {
        wanted_mean[c] += static_cast<double>(rows.embeddings[i * kChannels + c]) / 1000;
        wanted_square[c] += std::pow(static_cast<double>(rows.embeddings[i * kChannels + c]), 2) / 1000;
      }
    double variance = 0, wanted_variance = 0;
    for (std::size_t c = 0; c < kChannels; ++c) {
      CHECK(mean[c] == Approx(wanted_mean[c]).margin(0.12));
      variance += square[c] - mean[c] * mean[c];
      wanted_variance += wanted_square[c] - wanted_mean[c] * wanted_mean[c];
    }
    CHECK(variance == Approx(wanted_variance).epsilon(0.1));
  }
}

TEST_CASE("the distance is the plain Mahalanobis distance of the fitted covariance", "[learn]") {
  const EmbeddingStatistics s = fitted(rows_of(600, 2));
  const Scatter scatter = GENERATE(Scatter::Pooled, Scatter::Own);
  const bool own = scatter == Scatter::Own;
  const MahalanobisDistance distance(s, scatter);
  const Rows fresh = rows_of(12, 3);
  // The covariance inverted by elimination, with nothing of the implementation's shortcut.
  const std::size_t n = kChannels, rank = static_cast<std::size_t>(s.rank);
  for (std::size_t i = 0; i < fresh.labels.size(); ++i) {
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t label = 0; label < 3; ++label) {
      std::vector<std::vector<double>> system(n, std::vector<double>(n + 1));
      std::vector<double> d(n);
      for (std::size_t r = 0; r < n; ++r) {
        d[r] = static_cast<double>((fresh.embeddings[i * n + r] - s.means[label * n + r]) / s.scale[r]);
        for (std::size_t c = 0; c < n; ++c) {
          system[r][c] = r == c ? static_cast<double>(s.residual[r] * (own ? s.spread[label] : 1.0F)) : 0.0;
          for (std::size_t k = 0; k < rank; ++k)
            system[r][c] += static_cast<double>(s.basis[k * n + r]) *
                            static_cast<double>(own ? s.variances[label * rank + k] : s.pooled_variances[k]) *
                            static_cast<double>(s.basis[k * n + c]);
        }
        system[r][n] = d[r];
      }
      for (std::size_t p = 0; p < n; ++p)
        for (std::size_t r = 0; r < n; ++r) {
          if (r == p) continue;
          const double factor = system[r][p] / system[p][p];
          for (std::size_t c = p; c <= n; ++c) system[r][c] -= factor * system[p][c];
        }
      double sum = 0;
      for (std::size_t r = 0; r < n; ++r) sum += d[r] * system[r][n] / system[r][r];
      nearest = std::min(nearest, sum);
    }
    CHECK(distance(std::span<const float>(fresh.embeddings).subspan(i * n, n)) == Approx(nearest).epsilon(1e-3));
  }
}

TEST_CASE("statistics travel as text and stay small", "[learn]") {
  const EmbeddingStatistics statistics = fitted(rows_of(300, 4));
  const EmbeddingStatistics read = statistics_from_text(statistics_to_text(statistics), "m.onnx");
  CHECK(read.classes == statistics.classes);
  CHECK(read.counts == statistics.counts);
  CHECK(read.rank == statistics.rank);
  for (std::size_t i = 0; i < read.means.size(); ++i)
    CHECK(read.means[i] == Approx(statistics.means[i]).epsilon(1e-3).margin(1e-3));
  CHECK(statistics_to_text(read) == statistics_to_text(statistics));

  EmbeddingStatistics large;  // of a whole MobileNetV2 and eight classes
  large.channels = 1280;
  large.rank = kStatisticsRank;
  large.classes = {"MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"};
  large.counts.assign(8, 1000);
  large.means.assign(8 * 1280, 1);
  large.scale.assign(1280, 1);
  large.basis.assign(kStatisticsRank * 1280, 1);
  large.variances.assign(8 * kStatisticsRank, 1);
  large.pooled_variances.assign(kStatisticsRank, 1);
  large.residual.assign(1280, 1);
  large.spread.assign(8, 1);
  const auto bytes = serialise_safetensors(to_tensors(large));
  CHECK(bytes.size() < 100'000);
}

TEST_CASE("a new class gets its mean and the shared scatter", "[learn]") {
  EmbeddingStatistics statistics = fitted(rows_of(300, 4));
  add_class(statistics, "D", std::vector<float>(2 * kChannels, 2.5F));
  CHECK(statistics.classes.back() == "D");
  CHECK(statistics.counts.back() == 2);
  CHECK(statistics.means.back() == 2.5F);
  for (const Scatter scatter : {Scatter::Pooled, Scatter::Own})
    CHECK(MahalanobisDistance(statistics, scatter)(std::vector<float>(kChannels, 2.5F)) == Approx(0).margin(1e-6));
  CHECK_THROWS_WITH(add_class(statistics, "D", std::vector<float>(kChannels)),
                    Contains("class D") && Contains("already"));
}

TEST_CASE("statistics that cannot be used are refused with the reason", "[learn]") {
  const Rows rows = rows_of(30, 5);
  const EmbeddingStatistics statistics = fitted(rows);
  const auto refuses = [](TensorFile file, const std::string& reason) {
    CHECK_THROWS_WITH(statistics_from_tensors(file, "m.onnx"), Contains("m.onnx") && Contains(reason));
  };
  const TensorFile good = to_tensors(statistics);
  TensorFile file = good;
  file.metadata["format"] = "else";
  refuses(file, "something else");
  file = good;
  file.metadata["version"] = "2";
  refuses(file, "newer program");
  file = good;
  file.tensors.pop_back();
  refuses(file, "spread");
  file = good;
  file.metadata["counts"] = "[1, 2]";
  refuses(file, "counts");
  file = good;
  for (StoredTensor& tensor : file.tensors)
    if (tensor.name == "scale") tensor.bytes[1] = std::byte{0x80};  // negative
  refuses(file, "scale");
  file = good;
  for (StoredTensor& tensor : file.tensors)
    if (tensor.name == "spread") tensor.bytes[0] = tensor.bytes[1] = std::byte{0};
  refuses(file, "spread");
  CHECK_THROWS_WITH(statistics_from_text("not base64", "m.onnx"), Contains("m.onnx") && Contains("base64"));

  std::vector<int> wrong = rows.labels;
  wrong[3] = 3;
  CHECK_THROWS_WITH(fit_embedding_statistics(rows.embeddings, wrong, kClasses, kChannels), Contains("label 3"));
  std::vector<float> broken = rows.embeddings;
  broken[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(fit_embedding_statistics(broken, rows.labels, kClasses, kChannels), Contains("not finite"));
}

TEST_CASE("strangers score above the threshold that keeps 95 % of validation rows", "[learn]") {
  const Rows training = rows_of(1500, 6), validation = rows_of(1000, 7);
  const EmbeddingStatistics statistics = fitted(training);
  std::vector<float> logits;
  Random random(1);
  for (std::size_t i = 0; i < 3000; ++i) logits.push_back(static_cast<float>(random.normal()));
  const auto entry = fit_stranger_score(logits, validation.embeddings, 3, 1.2, &statistics);
  const auto score = StrangerScore::from(entry, &statistics, "m");
  REQUIRE(score);
  int kept = 0, found = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto row = std::span<const float>(validation.embeddings).subspan(i * kChannels, kChannels);
    const auto row_logits = std::span<const float>(logits).subspan(3 * i, 3);
    kept += !(*score)(row_logits, row).unlike;
    std::vector<float> stranger(row.begin(), row.end());
    for (std::size_t c = 0; c < kChannels; ++c) stranger[c] += c % 2 == 0 ? 0.8F : -0.8F;
    found += (*score)(row_logits, stranger).unlike;
  }
  CHECK(kept == Approx(950).margin(1));
  CHECK(found > 950);

  // Cards of older versions: with the pooled covariance, and the energy alone.
  nlohmann::json pooled = entry;
  pooled["score"] = "energy+distance";
  const auto pooled_score = StrangerScore::from(pooled, &statistics, "m");
  REQUIRE(pooled_score);
  const auto some_row = std::span<const float>(validation.embeddings).first(kChannels);
  CHECK((*pooled_score)(std::span<const float>(logits).first(3), some_row).distance ==
        Approx(MahalanobisDistance(statistics, Scatter::Pooled)(some_row)));

  const nlohmann::json old{{"score", "energy"}, {"temperature", 1}, {"percentiles", {{"95", -2.0}}}};
  const auto energy_score = StrangerScore::from(old, nullptr, "m");
  REQUIRE(energy_score);
  CHECK((*energy_score)(std::vector<float>{0, 0, 0}, training.embeddings).unlike);
  CHECK_FALSE((*energy_score)(std::vector<float>{9, 0, 0}, training.embeddings).unlike);
  CHECK_FALSE(StrangerScore::from(nlohmann::json::object(), nullptr, "m"));
  CHECK_THROWS_WITH(StrangerScore::from(entry, nullptr, "m.onnx"), Contains("m.onnx") && Contains("statistics"));
  nlohmann::json broken = entry;
  broken["threshold"] = "high";
  CHECK_THROWS_WITH(StrangerScore::from(broken, &statistics, "m"), Contains("threshold"));
}

TEST_CASE("base64 follows RFC 4648", "[learn]") {
  const auto bytes = [](std::string_view text) {
    const auto span = std::as_bytes(std::span(text.data(), text.size()));
    return std::vector<std::byte>(span.begin(), span.end());
  };
  for (const auto& [plain, coded] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    CHECK(to_base64(bytes(plain)) == coded);
    CHECK(from_base64(coded, "t") == bytes(plain));
  }
  for (const char* wrong : {"Zg=", "Z===", "Zh==", "Zm9*", "Zg==Zg=="})
    CHECK_THROWS_AS(from_base64(wrong, "t"), FormatError);
}
