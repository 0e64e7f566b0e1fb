// The exported model, run by ONNX Runtime in node, against the engine.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

#include <catch2/catch.hpp>

#include "native/base/files.h"
#include "native/onnx/export.h"
#include "test_models.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

using namespace dermdistill;
using namespace dermdistill::testing;

namespace {

constexpr double kTolerance = 1e-4;

/// [n, h, w, c] -> [n, c, h, w], as ONNX wants it.
std::vector<float> channels_first(std::span<const float> values, int n, int height, int width, int channels) {
  std::vector<float> result;
  result.reserve(values.size());
  const auto at = [&](int i, int y, int x, int c) {
    return values[static_cast<std::size_t>(((i * height + y) * width + x) * channels + c)];
  };
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < channels; ++c) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) result.push_back(at(i, y, x, c));
      }
    }
  }
  return result;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("ONNX Runtime computes what the engine computes") {
  const std::filesystem::path here = source_dir() / "tests" / "onnx";
  if (!std::filesystem::exists(here / "node_modules" / "onnxruntime-web" / "package.json")) {
    skip("ONNX Runtime is not installed; run: (cd tests/onnx && npm ci --ignore-scripts)");
    return;
  }
  if (run_process({"node", "--version"}).status != 0) {
    skip("node is not installed; it runs ONNX Runtime");
    return;
  }
  const auto [architecture, width, size, batch] = GENERATE(table<Architecture, double, int, int>({
      {Architecture::MobileNetV2, 1.0, 224, 32},
      {Architecture::MobileNetV2, 1.4, 64, 32},
      {Architecture::MobileNetV2, 0.5, 100, 32},
      {Architecture::MobileNetV2, 0.35, 32, 32},
      {Architecture::ResNet18, 1.0, 64, 32},
      {Architecture::ResNet50, 1.0, 64, 4},
  }));
  const NetworkConfig config{architecture, width, 8};
  const FoldedNetwork network = FoldedNetwork::from(random_network(config, 21));
  const std::vector<float> images = random_images(batch, size, 22);
  InferencePass pass(network, backend_named("auto"), batch, size, size);
  const NetworkOutputs outputs = pass.forward(images, batch);

  const TemporaryFolder folder;
  export_onnx(network, test_card(config, size), folder.path() / "student.onnx");
  const std::vector<float> input = channels_first(images, batch, size, size, 3);
  write_file(folder.path() / "images", std::as_bytes(std::span(input)));
  const ProcessResult run = run_process({"node", here / "run_onnx.mjs", folder.path() / "student.onnx",
                                         folder.path() / "images", folder.path() / "outputs"});
  INFO(run.output << run.errors);
  REQUIRE(run.status == 0);

  const FeatureShape shape = outputs.feature_shape;
  const std::vector<float> features =
      channels_first(outputs.features, batch, shape.height, shape.width, shape.channels);
  const std::vector<std::byte> bytes = read_file(folder.path() / "outputs");
  const std::size_t logits = outputs.logits.size(), embedding = outputs.embedding.size();
  REQUIRE(outputs.early_embedding.size() ==
          static_cast<std::size_t>(batch * early_shape(network.units, size, size).channels));
  REQUIRE(bytes.size() == sizeof(float) * (logits + embedding + features.size() + outputs.early_embedding.size()));
  std::vector<float> theirs(bytes.size() / sizeof(float));
  std::memcpy(theirs.data(), bytes.data(), bytes.size());

  const auto values = std::span<const float>(theirs);
  const double logit_difference = largest_difference(outputs.logits, values.first(logits));
  const double embedding_difference = largest_difference(outputs.embedding, values.subspan(logits, embedding));
  const double feature_difference = largest_difference(features, values.subspan(logits + embedding, features.size()));
  const double early_difference =
      largest_difference(outputs.early_embedding, values.last(outputs.early_embedding.size()));
  const auto [least, greatest] = std::minmax_element(outputs.logits.begin(), outputs.logits.end());
  std::printf(
      "%s width %.2f, %d px, %d images: logits %.2f to %.2f, largest difference %.2e (embedding %.2e, features %.2e, "
      "early embedding %.2e)\n",
      std::string(to_string(architecture)).c_str(), width, size, batch, static_cast<double>(*least),
      static_cast<double>(*greatest), logit_difference, embedding_difference, feature_difference, early_difference);
  CHECK(*greatest - *least > 2);  // otherwise the tolerance would say nothing
  CHECK(logit_difference <= kTolerance);
  InferencePass reference(network, backend_named("eigen"), batch, size, size);
  CHECK(largest_difference(reference.forward(images, batch).logits, values.first(logits)) <= kTolerance);
  CHECK(embedding_difference <= kTolerance);
  CHECK(early_difference <= kTolerance);
  CHECK(feature_difference <= 10 * kTolerance);
}
