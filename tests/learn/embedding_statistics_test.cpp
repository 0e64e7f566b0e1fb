#include "core/learn/embedding_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/io/base64.h"

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
  CHECK(std::equal(statistics.pooled_variances.begin(), statistics.pooled_variances.end(),
                   statistics.variances.end() - statistics.rank));
  CHECK(statistics.spread.back() == 1);
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
