#include "native/audit/stability.h"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "core/image/image.h"
#include "core/metrics/predictions.h"
#include "native/audit/disturbances.h"
#include "native/base/files.h"
#include "native/data/jpeg_writer.h"
#include "tests/audit/audited.h"
#include "tests/onnx/test_models.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

constexpr int kSide = 33;  // 2^5 + 1: see symmetric_model()

std::vector<int> answers_of(const Scores& scores) { return predicted_classes(scores.logits, kSmallNetwork.classes); }

/// What the network says of one picture that is already of its size.
int answer(Predictor& predictor, const std::vector<float>& pixels) {
  return predicted_classes(predictor.logits(pixels, 1), predictor.classes()).front();
}

/// The pixel (y, x) of a turned view, written from the meaning of the words: mirrored left to right, then turned
/// counter-clockwise, so that the right edge comes to lie at the top.
std::vector<float> turned_by_hand(const std::vector<float>& view, ViewOrientation orientation) {
  const auto at = [](int y, int x) { return static_cast<std::size_t>(3 * (y * kSide + x)); };
  std::vector<float> now = view;
  const auto rearrange = [&](const auto& source) {
    std::vector<float> next(now.size());
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) std::copy_n(now.data() + source(y, x), 3, next.data() + at(y, x));
    }
    now = next;
  };
  if (orientation.mirrored) rearrange([&](int y, int x) { return at(y, kSide - 1 - x); });
  for (int k = 0; k < orientation.quarter_turns; ++k) rearrange([&](int y, int x) { return at(x, kSide - 1 - y); });
  return now;
}

}  // namespace

TEST_CASE("the answers of every variation are those of the picture shown that way") {
  const ModelCard card = test_card(kSmallNetwork, kSide);
  Predictor predictor(random_model(3, kSide), card, kScoringBatch);
  const Dataset& dataset = audited_data();
  const VariedScores scores = score_variations(predictor, dataset, card.preprocessing, "");
  REQUIRE(scores.turned.size() == 7);
  REQUIRE(scores.stored.size() == 5);
  REQUIRE(scores.disturbed.size() == kDisturbances.size());
  CHECK(scores.disturbed[0].name == "round black mask");
  CHECK(scores.turned[0].name == "turned by 90 degrees");
  CHECK(scores.turned[6].name == "mirrored, turned by 270 degrees");
  CHECK(scores.stored[4].name == "JPEG quality 60");

  const Scores expected = score_samples(predictor, dataset, all_indices(dataset), card.preprocessing, "");
  CHECK(scores.upright.samples == expected.samples);
  CHECK(scores.upright.labels == expected.labels);
  CHECK(scores.upright.logits == expected.logits);
  CHECK(scores.upright.embeddings == expected.embeddings);

  std::vector<int> turned(7), stored(5);
  int any_turned = 0;
  for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
    const Image image = decode_image(read_file(dataset.samples[i].file), "picture");
    std::vector<float> view(static_cast<std::size_t>(kSide) * kSide * 3);
    preprocess(image, std::nullopt, card.preprocessing, view);
    const int upright = answer(predictor, view);
    bool any = false;
    for (std::size_t k = 0; k < 7; ++k) {
      const int other = answer(predictor, turned_by_hand(view, kOtherOrientations[k]));
      CHECK(scores.turned[k].answers.at(i) == other);
      turned[k] += other != upright;
      any = any || other != upright;
    }
    any_turned += any;
    for (std::size_t k = 0; k < 5; ++k) {
      preprocess(decode_image(encode_jpeg(image, kJpegQualities[k]), "stored"), std::nullopt, card.preprocessing, view);
      const int other = answer(predictor, view);
      CHECK(scores.stored[k].answers.at(i) == other);
      stored[k] += other != upright;
    }
    for (std::size_t k = 0; k < kDisturbances.size(); ++k) {
      preprocess(disturb(image, kDisturbances[k], i), std::nullopt, card.preprocessing, view);
      CHECK(scores.disturbed[k].answers.at(i) == answer(predictor, view));
      const std::vector<float> logits = predictor.logits(view, 1);
      for (std::size_t c = 0; c < logits.size(); ++c)
        CHECK(scores.disturbed[k].logits.at(i * logits.size() + c) == Approx(logits[c]).margin(1e-4));
    }
  }
  const auto images = static_cast<double>(dataset.samples.size());
  const Stability stability = compare_answers(answers_of(scores.upright), scores.turned);
  int sum = 0;
  for (std::size_t k = 0; k < 7; ++k) {
    CHECK(stability.variations.at(k).changed == Approx(turned[k] / images));
    sum += turned[k];
  }
  CHECK(any_turned > 0);  // otherwise this would compare zeros
  CHECK(stability.mean == Approx(sum / images / 7));
  CHECK(stability.any == Approx(any_turned / images));
  const Stability storage = compare_answers(answers_of(scores.upright), scores.stored);
  for (std::size_t k = 0; k < 5; ++k) CHECK(storage.variations.at(k).changed == Approx(stored[k] / images));
}

TEST_CASE("a model whose kernels are symmetric never changes its answer when the picture is turned") {
  const ModelCard card = test_card(kSmallNetwork, kSide);
  Predictor predictor(symmetric_model(3, kSide), card, kScoringBatch);
  const VariedScores scores = score_variations(predictor, audited_data(), card.preprocessing, "");
  const std::vector<int> answers = answers_of(scores.upright);
  CHECK(std::set<int>(answers.begin(), answers.end()).size() > 1);  // it does look at the picture
  const Stability stability = compare_answers(answers, scores.turned);
  CHECK(stability.mean == 0);
  CHECK(stability.any == 0);
}

TEST_CASE("changed answers are counted for each variation, on average and at all") {
  const std::vector<int> answers{0, 1, 2, 0};
  const std::vector<Variation> variations{{"a", {0, 1, 2, 1}}, {"b", {1, 1, 2, 2}}};
  const Stability stability = compare_answers(answers, variations);
  CHECK(stability.variations.at(0).name == "a");
  CHECK(stability.variations.at(0).changed == 0.25);
  CHECK(stability.variations.at(1).changed == 0.5);
  CHECK(stability.mean == 0.375);
  CHECK(stability.any == 0.5);

  const std::vector<Variation> shorter{{"c", {0, 1}}};
  CHECK_THAT(thrown_by([&] { compare_answers(answers, shorter); }),
             Contains("answers for pictures c: 2 of them; expected 4"));
  CHECK_THAT(thrown_by([&] { compare_answers(answers, {}); }), Contains("there are none"));
}

TEST_CASE("a picture that cannot be read is named, and no pictures are refused") {
  const ModelCard card = test_card(kSmallNetwork, kSide);
  Predictor predictor(random_model(3, kSide), card, kScoringBatch);
  const TemporaryFolder folder;
  Dataset dataset = audited_data();
  dataset.samples.resize(3);
  dataset.samples[1].file = folder.path() / "broken.jpg";
  write_text(dataset.samples[1].file, "not a picture");
  CHECK_THAT(thrown_by([&] { score_variations(predictor, dataset, card.preprocessing, ""); }), Contains("broken.jpg"));
  dataset.samples.clear();
  CHECK_THAT(thrown_by([&] { score_variations(predictor, dataset, card.preprocessing, ""); }),
             Contains("there are none"));
}
