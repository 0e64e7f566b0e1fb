// load_model: run folders, checkpoints and ONNX files, and what it says of everything else.
#include "native/train/model_file.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/view_orientation.h"
#include "native/base/files.h"
#include "native/onnx/export.h"
#include "native/train/checkpoint.h"
#include "native/train/predictor.h"
#include "test_models.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

void write_best(const std::filesystem::path& folder, const Network& network) {
  Checkpoint checkpoint;
  checkpoint.kind = "student";
  checkpoint.network = network.config();
  checkpoint.card = test_card(network.config(), 64);
  add_state(checkpoint.file, network.state(), "model.");
  write_checkpoint(folder / "best.safetensors", checkpoint);
}

}  // namespace

TEST_CASE("a run folder, its checkpoint and its export are the same model") {
  const Network network = random_network(kSmallNetwork, 31);
  const TemporaryFolder folder;
  write_best(folder.path(), network);
  const LoadedModel run = load_model(folder.path());
  export_onnx(run.network, run.card, folder.path() / "student.onnx");
  const LoadedModel checkpoint = load_model(folder.path() / "best.safetensors");
  const LoadedModel exported = load_model(folder.path() / "student.onnx");

  const std::vector<float> images = random_images(2, 64, 32);
  const std::vector<float> logits = Predictor(FoldedNetwork::from(network), run.card, 2).logits(images, 2);
  CHECK(Predictor(run.network, run.card, 2).logits(images, 2) == logits);
  CHECK(Predictor(checkpoint.network, checkpoint.card, 2).logits(images, 2) == logits);
  CHECK(Predictor(exported.network, exported.card, 2).logits(images, 2) == logits);
  CHECK(exported.card.classes == run.card.classes);
}

TEST_CASE("paths that hold no model are refused with the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(load_model(folder.path() / "nothing.onnx"), Contains("nothing.onnx") && Contains("does not exist"));
  CHECK_THROWS_WITH(load_model(folder.path()), Contains("no best.safetensors"));
  write_text(folder.path() / "model.pth", "x");
  CHECK_THROWS_WITH(load_model(folder.path() / "model.pth"), Contains("model.pth") && Contains(".onnx"));
  write_text(folder.path() / "text.onnx", "a text");
  CHECK_THROWS_WITH(load_model(folder.path() / "text.onnx"), Contains("text.onnx") && Contains("not an ONNX model"));
  write_text(folder.path() / "text.safetensors", "a text that is no checkpoint");
  CHECK_THROWS_WITH(load_model(folder.path() / "text.safetensors"), Contains("text.safetensors"));
}

TEST_CASE("weights without a card are no model to predict with") {
  const TemporaryFolder folder;
  TensorFile weights;
  add_state(weights, random_network(kSmallNetwork, 33).state());
  write_file(folder.path() / "imagenet.safetensors", serialise_safetensors(weights));
  CHECK_THROWS_AS(load_model(folder.path() / "imagenet.safetensors"), FormatError);
}

TEST_CASE("the predictor takes any number of images and answers row by row") {
  const FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, 34));
  const ModelCard card = test_card(kSmallNetwork, 64);
  const std::vector<float> images = random_images(5, 64, 35);
  Predictor predictor(network, card, 2);
  const std::vector<float> all = predictor.logits(images, 5);
  REQUIRE(all.size() == 5 * 8);
  const auto last = std::span(images).last(images.size() / 5);
  const std::vector<float> single = predictor.logits(last, 1);
  for (std::size_t i = 0; i < 8; ++i) CHECK(single[i] == Approx(all[4 * 8 + i]).margin(1e-5));

  const std::vector<float> probabilities = predictor.probabilities(images, 5);
  for (std::size_t row = 0; row < 5; ++row) {
    double sum = 0, exact = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      sum += probabilities[row * 8 + i];
      exact += std::exp((all[row * 8 + i] - all[row * 8]) / card.temperature);
    }
    CHECK(sum == Approx(1));
    CHECK(probabilities[row * 8] == Approx(1 / exact));
  }
  CHECK(predictor.probabilities({}, 0).empty());
  CHECK_THROWS_AS(predictor.logits(images, 4), ShapeError);
}

TEST_CASE("a model that looks in several orientations answers with their mean, whichever way a picture lies") {
  constexpr int kSide = 64, kImages = 3;
  constexpr std::size_t kValues = kSide * kSide * 3;
  Random random(36, 0);
  Network trained(kSmallNetwork);  // weights as training starts with, which see how a picture lies
  trained.initialise(random);
  const FoldedNetwork network = FoldedNetwork::from(trained);
  ModelCard card = test_card(kSmallNetwork, kSide);
  const std::vector<float> images = random_images(kImages, kSide, 37);
  const auto turned = [&](ViewOrientation orientation) {
    std::vector<float> out(images.size());
    for (std::size_t begin = 0; begin < out.size(); begin += kValues)
      turn_view(std::span(images).subspan(begin, kValues), kSide, orientation, std::span(out).subspan(begin, kValues));
    return out;
  };
  const auto distance = [](const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    float most = 0, scale = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      most = std::max(most, std::abs(a[i] - b[i]));
      scale = std::max(scale, std::abs(b[i]));
    }
    return most / scale;
  };
  Predictor once(network, card, 2);
  const Predictor::Outputs upright = once.run(images, kImages);
  for (const int count : {2, 4, 8}) {
    INFO(count << " orientations");
    Predictor::Outputs mean;
    for (const ViewOrientation orientation : std::span(kViewOrientations).first(static_cast<std::size_t>(count))) {
      const Predictor::Outputs one = once.run(turned(orientation), kImages);
      const auto add = [&](std::vector<float>& sum, const std::vector<float>& values) {
        sum.resize(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i] / static_cast<float>(count);
      };
      add(mean.logits, one.logits);
      add(mean.embeddings, one.embeddings);
      add(mean.early_embeddings, one.early_embeddings);
    }
    card.orientations = count;
    Predictor several(network, card, 2);  // a batch that is not full comes last
    const Predictor::Outputs said = several.run(images, kImages);
    CHECK(distance(said.logits, mean.logits) < 1e-5f);
    CHECK(distance(said.embeddings, mean.embeddings) < 1e-5f);
    CHECK(distance(said.early_embeddings, mean.early_embeddings) < 1e-5f);
    CHECK(distance(said.logits, upright.logits) > 1e-3f);
    const std::size_t channels = said.embeddings.size() / kImages;
    for (std::size_t row = 0; row < kImages; ++row) {
      for (std::size_t c = 0; c < 8; ++c) {
        double logit = static_cast<double>(network.classifier_bias[c]);
        for (std::size_t k = 0; k < channels; ++k)
          logit += static_cast<double>(network.classifier_weight[c * channels + k]) *
                   static_cast<double>(said.embeddings[row * channels + k]);
        CHECK(static_cast<double>(said.logits[row * 8 + c]) == Approx(logit).margin(1e-5));
      }
    }
    for (const ViewOrientation orientation : std::span(kViewOrientations).first(static_cast<std::size_t>(count)))
      CHECK(distance(several.run(turned(orientation), kImages).logits, said.logits) < 1e-5f);
  }
  card.orientations = 3;
  CHECK_THROWS_WITH(Predictor(network, card, 2), Contains("1, 2, 4 or 8"));
}
