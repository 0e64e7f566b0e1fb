#include "core/head/head_file.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

namespace {

constexpr int kFileChannels = 30;
const std::string kTrunk(64, '1');

struct Example {
  ModelCard card;
  EmbeddingStatistics statistics;
  HeadFile file;
};

Example example() {
  Example result;
  result.card.name = "shipped";
  result.card.classes = {"MEL", "NV"};
  result.card.class_names = {"Melanoma", "Melanocytic nevus"};
  result.card.temperature = 1.7;
  result.card.operating_points = {{"MEL", 0.2, 0.9, 0.8}};
  result.card.metrics = {{"validation", {{"accuracy", 0.5}}}};
  Random random(3);
  std::vector<float> rows;
  std::vector<int> labels, images;
  for (int i = 0; i < 60; ++i) {
    for (int c = 0; c < kFileChannels; ++c)
      rows.push_back(static_cast<float>(random.normal() + (i % 3 == c % 3 ? 1 : 0)));
    labels.push_back(i % 3);
    images.push_back(i);
  }
  std::vector<float> known;
  std::vector<int> known_labels;
  for (std::size_t i = 0; i < 60; ++i) {
    if (labels[i] == 2) continue;
    known.insert(known.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * kFileChannels),
                 rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * kFileChannels));
    known_labels.push_back(labels[i]);
  }
  result.statistics = fit_embedding_statistics(known, known_labels, result.card.classes, kFileChannels);
  const LinearHead shipped{2, kFileChannels, std::vector<float>(2 * kFileChannels, 0.1F), {0, 0}};
  HeadOptions options;
  options.epochs = 2;
  HeadTrainer trainer(shipped, {"MEL", "NV", "ABC"}, {rows, labels, images}, &result.statistics, options,
                      backend_named("auto"));
  trainer.train_epoch();
  result.file = head_file_of(trainer, "mine", {"Melanoma", "Melanocytic nevus", "Another"}, result.card, kTrunk,
                             &result.statistics);
  return result;
}

/// The file with another card in its metadata.
std::vector<std::byte> with_card(const std::vector<std::byte>& file, const std::string& field,
                                 const nlohmann::json& value) {
  TensorFile tensors = parse_safetensors(file, "head");
  nlohmann::json card = nlohmann::json::parse(tensors.metadata["card"]);
  card[field] = value;
  tensors.metadata["card"] = card.dump();
  return serialise_safetensors(tensors);
}

}  // namespace

TEST_CASE("a head file makes the round trip", "[head]") {
  const Example made = example();
  const std::vector<std::byte> bytes = serialise_head(made.file);
  const HeadFile read = parse_head(bytes, "mine.safetensors");
  CHECK(read.head.weight == made.file.head.weight);
  CHECK(read.head.bias == made.file.head.bias);
  CHECK(to_json(read.card) == to_json(made.file.card));
  CHECK(read.card.training_images == nlohmann::json{{"MEL", 16}, {"NV", 16}, {"ABC", 16}});
  CHECK(read.card.options["epochs_done"] == 1);
  CHECK(read.new_classes.classes == std::vector<std::string>{"ABC"});
  CHECK(read.new_classes.counts == std::vector<std::int64_t>{20});
  CHECK(serialise_head(read) == bytes);
}

TEST_CASE("the personalised card claims nothing of the shipped classifier", "[head]") {
  const Example made = example();
  const ModelCard card = personalised_card(made.card, made.file);
  CHECK(card.classes == std::vector<std::string>{"MEL", "NV", "ABC"});
  CHECK(card.temperature == 1.7);  // too few held-out images to fit another
  CHECK(card.operating_points.empty());
  CHECK(card.metrics.empty());
  CHECK(card.training["personalised"]["shipped_name"] == "shipped");
  CHECK(card.training["personalised"]["trunk_sha256"] == kTrunk);
  const EmbeddingStatistics statistics = personalised_statistics(made.statistics, made.file);
  CHECK(statistics.classes == card.classes);
  CHECK(statistics.counts == std::vector<std::int64_t>{20, 20, 20});
  CHECK(statistics_from_text(statistics_to_text(statistics), "m").classes == card.classes);
}

TEST_CASE("a head is refused where it does not belong", "[head]") {
  const Example made = example();
  CHECK_NOTHROW(require_fits(made.file, made.card, kTrunk, kFileChannels, "h"));
  CHECK_THROWS_WITH(require_fits(made.file, made.card, std::string(64, '2'), kFileChannels, "h"),
                    Contains("h: ") && Contains("another model") && Contains("shipped"));
  ModelCard other = made.card;
  other.classes = {"NV", "MEL"};
  CHECK_THROWS_WITH(require_fits(made.file, other, kTrunk, kFileChannels, "h"),
                    Contains("other classes (MEL, NV, ABC)") && Contains("NV, MEL"));
  CHECK_THROWS_WITH(require_classes({"A", "B"}, {"A", "C"}), Contains("begin with A, B"));
  CHECK_THROWS_WITH(require_classes({"A", "B"}, {"A", "B", "A"}), Contains("class A") && Contains("twice"));
}

TEST_CASE("bytes that are no head file are refused with the reason", "[head]") {
  const std::vector<std::byte> good = serialise_head(example().file);
  const auto message = [](const std::vector<std::byte>& bytes) {
    try {
      parse_head(bytes, "h.safetensors");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message(good).empty());
  CHECK_THAT(message({good.begin(), good.begin() + 50}), Contains("h.safetensors") && Contains("truncated"));
  CHECK_THAT(message(serialise_safetensors({})), Contains("no head"));
  CHECK_THAT(message(with_card(good, "format_version", 2)), Contains("newer program"));
  CHECK_THAT(message(with_card(good, "classes", {"MEL", "NV"})), Contains("classes"));
  CHECK_THAT(message(with_card(good, "classes", {"MEL", "MEL", "NV"})), Contains("classes"));
  CHECK_THAT(message(with_card(good, "channels", 31)), Contains("shape"));
  CHECK_THAT(message(with_card(good, "channels", 1e9)), Contains("channels"));
  CHECK_THAT(message(with_card(good, "temperature", 0)), Contains("temperature"));
  CHECK_THAT(message(with_card(good, "trunk_sha256", 5)), Contains("trunk_sha256"));
  TensorFile broken = parse_safetensors(good, "h");
  broken.metadata["card"] = "{";
  CHECK_THAT(message(serialise_safetensors(broken)), Contains("not valid JSON"));
}
