// Half-precision export, embedding statistics in the file, and files whose classifier was replaced.
#include "core/io/half.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/onnx/export.h"
#include "native/onnx/graph.h"
#include "native/onnx/import.h"
#include "native/onnx/weights.h"
#include "native/train/head_training.h"
#include "native/train/predictor.h"
#include "test_models.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

EmbeddingStatistics statistics_of(const ModelCard& card, int channels) {
  Random random(4);
  std::vector<float> rows;
  std::vector<int> labels;
  for (int i = 0; i < 80; ++i) {
    for (int c = 0; c < channels; ++c) rows.push_back(static_cast<float>(random.uniform(0, 2)));
    labels.push_back(i % 8);
  }
  return fit_embedding_statistics(rows, labels, card.classes, channels);
}

}  // namespace

TEST_CASE("half-precision files are a third smaller and give the same answers", "[onnx]") {
  const NetworkConfig config{Architecture::MobileNetV2, 1.0, 8};
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 3));
  const ModelCard card = test_card(config, 64);
  const auto whole = serialise_onnx(network, card), half = serialise_onnx(network, card, {true, nullptr});
  CHECK(half.size() < 0.67 * static_cast<double>(whole.size()));
  const LoadedModel model = parse_onnx(half, "half.onnx");
  CHECK(model.network.classifier_weight == network.classifier_weight);
  CHECK(model.network.biases == network.biases);
  // Where rounding is felt most there is none.
  CHECK(model.network.weights.front() == network.weights.front());
  for (std::size_t i = 0; i < network.units.size(); ++i)
    if (network.units[i].depthwise) CHECK(model.network.weights[i] == network.weights[i]);
  CHECK(model.network.weights.back() != network.weights.back());
  CHECK(serialise_onnx(model.network, model.card, {true, nullptr}) == half);

  const std::vector<float> images = random_images(4, 64, 9);
  const auto wanted = Predictor(network, card, 4).logits(images, 4),
             got = Predictor(model.network, card, 4).logits(images, 4);
  double largest = 0, size = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(got[i] - wanted[i])));
    size = std::max(size, std::abs(static_cast<double>(wanted[i])));
  }
  CAPTURE(largest, size);
  CHECK(largest > 0);
  CHECK(largest <= 5e-3);
}

TEST_CASE("older files, whose convolutions all are in half precision, are read", "[onnx]") {
  FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, 3));
  for (auto& weights : network.weights)
    for (float& value : weights) value = from_half(to_half(value));
  onnx::ModelProto model;
  const auto bytes = serialise_onnx(network, test_card(kSmallNetwork, 64), {true, nullptr});
  REQUIRE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  std::set<std::string> names;
  for (const auto& weight : named_weights(network)) {
    if (weight.shape.size() != 4) continue;
    names.insert(weight.name);
    for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
      if (tensor.name() != weight.name) continue;
      std::vector<std::uint16_t> halves(weight.values.size());
      to_half(weight.values, halves);
      tensor.set_name(weight.name + kOnnxHalfSuffix);
      tensor.set_data_type(onnx::TensorProto::FLOAT16);
      tensor.set_raw_data(halves.data(), halves.size() * sizeof(std::uint16_t));
    }
  }
  *model.mutable_graph()->mutable_node() = onnx_graph(network, 64, {.half_weights = names}).graph().node();
  std::vector<std::byte> older(model.ByteSizeLong());
  REQUIRE(model.SerializeToArray(older.data(), static_cast<int>(older.size())));
  CHECK(older.size() < bytes.size());
  CHECK(parse_onnx(older, "older.onnx").network.weights == network.weights);
}

TEST_CASE("a weight that half precision cannot hold is refused", "[onnx]") {
  FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, 3));
  network.weights.back()[0] = 1e6F;
  CHECK_THROWS_WITH(serialise_onnx(network, test_card(kSmallNetwork, 64), {true, nullptr}),
                    Contains(network.units.back().conv_name) && Contains("half precision"));
}

TEST_CASE("embedding statistics travel in the file", "[onnx]") {
  const FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, 3));
  const ModelCard card = test_card(kSmallNetwork, 64);
  const EmbeddingStatistics statistics = statistics_of(card, network.units.back().out_channels);
  const LoadedModel model = parse_onnx(serialise_onnx(network, card, {false, &statistics}), "m.onnx");
  REQUIRE(model.statistics);
  CHECK(statistics_to_text(*model.statistics) == statistics_to_text(statistics));
  CHECK_FALSE(parse_onnx(serialise_onnx(network, card), "m.onnx").statistics);
  EmbeddingStatistics other = statistics;
  other.classes[0] = "XYZ";
  CHECK_THROWS_WITH(parse_onnx(serialise_onnx(network, card, {false, &other}), "m.onnx"),
                    Contains("m.onnx") && Contains("embedding statistics"));
}

TEST_CASE("statistics of early embeddings travel in the file to the same bits", "[onnx]") {
  const FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, 3));
  const ModelCard card = test_card(kSmallNetwork, 64);
  const int channels = early_shape(network.units, 64, 64).channels;
  const Gaussian gaussian = fit_gaussian(random_images(channels, 4, 5), channels);
  const LoadedModel model = parse_onnx(serialise_onnx(network, card, {true, nullptr, &gaussian}), "m.onnx");
  REQUIRE(model.early_statistics);
  CHECK(model.early_statistics->mean == gaussian.mean);
  CHECK(model.early_statistics->factor == gaussian.factor);
  CHECK_FALSE(parse_onnx(serialise_onnx(network, card), "m.onnx").early_statistics);
  const Gaussian other = fit_gaussian(random_images(channels, 4, 5), 2 * channels);
  CHECK_THROWS_WITH(parse_onnx(serialise_onnx(network, card, {true, nullptr, &other}), "m.onnx"),
                    Contains("m.onnx") && Contains("statistics of early embeddings") && Contains("other channels"));
}

TEST_CASE("a model with a trained head of more classes is read back, its trunk unchanged", "[onnx]") {
  const FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, 3));
  const int channels = network.units.back().out_channels;
  const EmbeddingStatistics statistics = statistics_of(test_card(kSmallNetwork, 64), channels);
  const int early_channels = early_shape(network.units, 64, 64).channels;
  const Gaussian gaussian = fit_gaussian(random_images(early_channels, 4, 5), early_channels);
  const LoadedModel shipped =
      parse_onnx(serialise_onnx(network, test_card(kSmallNetwork, 64), {true, &statistics, &gaussian}), "s.onnx");
  CHECK(shipped.card.trunk_sha256 == trunk_sha256(shipped.network));

  Random random(8);
  std::vector<float> rows;
  std::vector<int> labels, images;
  for (int i = 0; i < 30; ++i) {
    for (int c = 0; c < channels; ++c) rows.push_back(static_cast<float>(random.uniform(0, 2)));
    labels.push_back(i % 2 == 0 ? 0 : 8);
    images.push_back(i);
  }
  std::vector<std::string> classes = shipped.card.classes, names = shipped.card.class_names;
  classes.push_back("NEW");
  names.push_back("Something new");
  HeadOptions options;
  options.epochs = 2;
  const LinearHead head{8, channels, shipped.network.classifier_weight, shipped.network.classifier_bias};
  HeadTrainer trainer(head, classes, {rows, labels, images}, &*shipped.statistics, options, backend_named("auto"));
  trainer.train_epoch();
  const HeadFile file =
      head_file_of(trainer, "mine", names, shipped.card, shipped.card.trunk_sha256, &*shipped.statistics);
  const LoadedModel own = with_head(shipped, file);
  const LoadedModel read =
      parse_onnx(serialise_onnx(own.network, own.card, {true, &*own.statistics, &*own.early_statistics}), "own.onnx");
  CHECK(read.card.classes.size() == 9);
  CHECK(read.network.classifier_weight == trainer.head().weight);
  CHECK(read.card.trunk_sha256 == shipped.card.trunk_sha256);
  CHECK(read.card.weights_sha256 != shipped.card.weights_sha256);
  CHECK(read.statistics->classes == classes);
  CHECK(read.early_statistics->factor == gaussian.factor);
}
