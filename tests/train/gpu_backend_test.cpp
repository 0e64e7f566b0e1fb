// The graphics card's passes against this processor's, where there is a card and the library for it.
#include "native/gpu/gpu_backend.h"

#include <cmath>
#include <cstdio>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/nn/accelerator.h"
#include "core/nn/network.h"
#include "native/base/interrupt.h"
#include "native/train/run_folder.h"
#include "native/train/teach.h"
#include "tests/support/paths.h"
#include "tests/train/tiny_run.h"

using namespace dermdistill;

namespace {

/// Of two vectors: the distance over the length of the second.
double relative_distance(std::span<const float> actual, std::span<const float> expected) {
  double distance = 0, length = 1e-30;
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double value = static_cast<double>(expected[i]);
    distance += std::pow(static_cast<double>(actual[i]) - value, 2);
    length += value * value;
  }
  return std::sqrt(distance / length);
}

std::vector<float> flat(const StateDict& state) {
  std::vector<float> values;
  for (const NamedTensor& tensor : state) values.insert(values.end(), tensor.values.begin(), tensor.values.end());
  return values;
}

std::vector<float> random_values(std::size_t size, Random& random) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Null, and why in `reason`, where this machine has no card or no library for it.
const Backend* card_if_available(const char* name, std::string& reason) {
  try {
    return &training_backend_named(name);
  } catch (const FileError& error) {
    reason = error.what();
  } catch (const InputError& error) {
    reason = error.what();
  }
  return nullptr;
}

}  // namespace

TEST_CASE("every other backend is found by its name for training, too, and an unknown one is named") {
  CHECK(&training_backend_named("eigen") == &backend_named("eigen"));
  CHECK_THROWS_WITH(training_backend_named("cudax"), Catch::Contains("cudax") && Catch::Contains("cuda_tf32"));
}

TEST_CASE("a run that was started on a graphics card is not gone on with elsewhere, and says what it wants") {
  std::string reason;
  if (card_if_available("cuda_tf32", reason) != nullptr) return;
  const testing::TemporaryFolder folder;
  const std::filesystem::path out = folder.path() / "run";
  RunConfig config = testing::tiny_teach_config();
  config.backend = "cuda_tf32";
  CHECK_THAT(testing::message_of([&] { teach(config, out, false, {}); }), Catch::Contains("for a new run, another"));
  CHECK_FALSE(std::filesystem::exists(out));

  config.backend = "eigen";
  REQUIRE_THROWS_AS(teach(config, out, false, testing::stop_after(2)), Interrupted);
  RunConfig stored = RunFolder::open(out).read_config();
  stored.backend = "cuda_tf32";
  RunFolder::open(out).write_config(stored);
  CHECK_THAT(testing::message_of([&] { teach(stored, out, true, {}); }), Catch::Contains("for a new run, another"));
}

TEST_CASE("a training step and an evaluation on the graphics card equal this processor's") {
  const auto [name, tolerance] = GENERATE(table<const char*, double>({{"cuda", 1e-3}, {"cuda_tf32", 0.1}}));
  std::string reason;
  const Backend* card = card_if_available(name, reason);
  if (card == nullptr) return testing::skip(reason);
  CAPTURE(name);
  std::printf("%s: %s\n", name, card->accelerator()->describe().c_str());
  for (const Architecture architecture : {Architecture::MobileNetV2, Architecture::ResNet18, Architecture::ResNet50}) {
    CAPTURE(to_string(architecture));
    constexpr int kBatch = 16, kSize = 96;
    Network ours({architecture, 1.0, 8}), theirs({architecture, 1.0, 8});
    Random random(3);
    ours.initialise(random);
    theirs.load(ours.state());
    TrainingPass our_pass(ours, *card, kBatch, kSize, kSize);
    TrainingPass their_pass(theirs, backend_named("auto"), kBatch, kSize, kSize);
    for (int step = 0; step < 2; ++step) {
      const auto images = random_values(std::size_t{kBatch} * kSize * kSize * 3, random);
      const NetworkOutputs a = our_pass.forward(images), b = their_pass.forward(images);
      CHECK(relative_distance(a.logits, b.logits) < tolerance);
      CHECK(relative_distance(a.features, b.features) < tolerance);
      const auto d_logits = random_values(a.logits.size(), random),
                 d_embedding = random_values(a.embedding.size(), random);
      our_pass.backward({d_logits, d_embedding, {}});
      their_pass.backward({d_logits, d_embedding, {}});
      const double gradients = relative_distance(flat(ours.gradients()), flat(theirs.gradients()));
      std::printf("%s %s: gradients differ by %.2g of their length\n", name, to_string(architecture).data(), gradients);
      // An activation beside its kink turns a gradient on or off, the more the deeper the network.
      CHECK(gradients < 50 * tolerance);
    }
    CHECK(relative_distance(flat(ours.state()), flat(theirs.state())) < tolerance);
    const FoldedNetwork folded = FoldedNetwork::from(theirs);
    InferencePass inference(folded, *card, kBatch, kSize, kSize);
    InferencePass expected(folded, backend_named("auto"), kBatch, kSize, kSize);
    const auto images = random_values(std::size_t{kBatch - 3} * kSize * kSize * 3, random);
    const NetworkOutputs a = inference.forward(images, kBatch - 3), b = expected.forward(images, kBatch - 3);
    CHECK(relative_distance(a.logits, b.logits) < tolerance);
    CHECK(relative_distance(a.early_embedding, b.early_embedding) < tolerance);
    CHECK(relative_distance(a.features, b.features) < tolerance);
  }
}
