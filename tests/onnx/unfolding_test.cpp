// A network whose batch norm was folded away can be trained on: unfolded, it computes the same.
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/nn/batch_norm_unfolding.h"
#include "native/onnx/export.h"
#include "native/train/distill.h"
#include "native/train/initial_weights.h"
#include "test_models.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

double largest_difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("unfolding gives back batch norms that compute what was folded, in evaluation and in training mode",
          "[onnx]") {
  constexpr int kImages = 8, kSize = 64;
  for (const NetworkConfig& config : {kSmallNetwork, NetworkConfig{Architecture::ResNet18, 1, 8}}) {
    const FoldedNetwork folded = FoldedNetwork::from(random_network(config, 5));
    const std::vector<float> images = random_images(kImages, kSize, 6);
    const Backend& backend = backend_named("auto");
    Network network = unfold_batch_norm(folded, backend, images, kImages, kSize, kSize);

    InferencePass expected(folded, backend, kImages, kSize, kSize);
    const auto logits = expected.forward(images, kImages).logits;
    InferencePass evaluation(FoldedNetwork::from(network), backend, kImages, kSize, kSize);
    CHECK(largest_difference(evaluation.forward(images, kImages).logits, logits) < 1e-3);
    TrainingPass training(network, backend, kImages, kSize, kSize);  // its batch is the one that was measured
    CHECK(largest_difference(training.forward(images).logits, logits) < 2e-2);
  }
}

TEST_CASE("training starts from an exported model of the same network and of no other", "[onnx]") {
  const TemporaryFolder folder;
  const Network network = random_network(kSmallNetwork, 8);
  export_onnx(FoldedNetwork::from(network), test_card(kSmallNetwork, 64), folder.path() / "student.onnx");
  const std::string init = (folder.path() / "student.onnx").string();
  CHECK(is_exported_model(init));
  CHECK_FALSE(is_exported_model(folder.path().string()));
  Preprocessing preprocessing;
  preprocessing.size = 64;
  Network other({Architecture::MobileNetV2, 0.5, 8});
  CHECK_THROWS_WITH(load_exported_weights(other, init, 1, {}, preprocessing, backend_named("auto")),
                    Contains("width 0.25") && Contains("width 0.5"));
  Network same(kSmallNetwork);
  const std::vector<std::filesystem::path> missing{folder.path() / "none.jpg"};
  CHECK_THROWS_WITH(load_exported_weights(same, init, 1, missing, preprocessing, backend_named("auto")),
                    Contains("none.jpg"));
}
