#include "core/explain/activation_map.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

TEST_CASE("activation maps sum to the logit less the bias, in both layouts", "[explain]") {
  const int classes = 5, channels = 37, pixels = 12;
  Random random(3);
  LinearHead head{classes, channels, {}, {}};
  for (int i = 0; i < classes * channels; ++i) head.weight.push_back(static_cast<float>(random.normal()));
  for (int i = 0; i < classes; ++i) head.bias.push_back(static_cast<float>(random.normal()));
  std::vector<float> first, last(static_cast<std::size_t>(channels * pixels)), embedding;
  for (int c = 0; c < channels; ++c) {
    double sum = 0;
    for (int p = 0; p < pixels; ++p) {
      first.push_back(static_cast<float>(random.uniform(0, 2)));
      last[static_cast<std::size_t>(p * channels + c)] = first.back();
      sum += static_cast<double>(first.back());
    }
    embedding.push_back(static_cast<float>(sum / pixels));
  }
  const Backend& backend = backend_named("auto");
  const auto maps = activation_maps(head, first, pixels, FeatureLayout::ChannelsFirst, backend);
  const auto same = activation_maps(head, last, pixels, FeatureLayout::ChannelsLast, backend);
  const auto logits = head_logits(head, embedding, backend);
  REQUIRE(maps.size() == static_cast<std::size_t>(classes * pixels));
  for (std::size_t k = 0; k < static_cast<std::size_t>(classes); ++k) {
    double sum = 0;
    for (std::size_t p = 0; p < static_cast<std::size_t>(pixels); ++p) {
      sum += static_cast<double>(maps[k * pixels + p]);
      CHECK(maps[k * pixels + p] == Approx(same[k * pixels + p]).margin(1e-5));
    }
    CHECK(sum == Approx(logits[k] - head.bias[k]).epsilon(1e-4).margin(1e-5));
  }
  CHECK_THROWS_WITH(activation_maps(head, first, pixels + 1, FeatureLayout::ChannelsFirst, backend),
                    Contains("features") && Contains("13 pixels of 37"));
}
