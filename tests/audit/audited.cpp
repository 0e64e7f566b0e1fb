#include "tests/audit/audited.h"

#include <cmath>
#include <exception>
#include <utility>

#include "native/data/synthesis.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"
#include "tests/onnx/test_models.h"
#include "tests/support/paths.h"

namespace dermdistill::testing {
namespace {

/// Random weights at which the picture reaches the answer: depthwise kernels are drawn as if every output saw every
/// channel, far too small for the one that it does see.
FoldedNetwork lively_network(std::uint64_t seed) {
  FoldedNetwork network = FoldedNetwork::from(random_network(kSmallNetwork, seed));
  for (std::size_t unit = 0; unit < network.units.size(); ++unit) {
    if (!network.units[unit].depthwise) continue;
    const Scalar gain = std::sqrt(static_cast<Scalar>(network.units[unit].in_channels));
    for (Scalar& weight : network.weights[unit]) weight *= gain;
  }
  return network;
}

/// Brings the mean of every class's logit over the data set to 0.
FoldedNetwork without_preference(FoldedNetwork network, int size) {
  const ModelCard card = test_card(network.config, size);
  const Dataset& dataset = audited_data();
  Predictor predictor(network, card, kScoringBatch);
  const Scores scores = score_samples(predictor, dataset, all_indices(dataset), card.preprocessing, "");
  const std::size_t classes = network.classifier_bias.size();
  for (std::size_t i = 0; i < scores.logits.size(); ++i)
    network.classifier_bias[i % classes] -= scores.logits[i] / static_cast<float>(dataset.samples.size());
  return network;
}

}  // namespace

const std::filesystem::path& audited_folder() {
  static const TemporaryFolder parent;
  static const std::filesystem::path folder = [] {
    SynthesisConfig config;
    config.images = 80;
    config.size = 48;
    const std::filesystem::path path = parent.path() / "data";
    write_synthetic_dataset(path, config, [](int) {});
    return path;
  }();
  return folder;
}

const Dataset& audited_data() {
  static const Dataset dataset = load_dataset(audited_folder());
  return dataset;
}

FoldedNetwork random_model(std::uint64_t seed, int size) { return without_preference(lively_network(seed), size); }

FoldedNetwork symmetric_model(std::uint64_t seed, int size) {
  FoldedNetwork network = lively_network(seed);
  for (std::size_t unit = 0; unit < network.units.size(); ++unit) {
    if (network.units[unit].kernel != 3) continue;
    std::vector<Scalar>& weights = network.weights[unit];
    for (std::size_t first = 0; first < weights.size(); first += 9) {
      Scalar* kernel = weights.data() + first;
      for (const int corner : {2, 6, 8}) kernel[corner] = kernel[0];
      for (const int edge : {3, 5, 7}) kernel[edge] = kernel[1];
    }
  }
  return without_preference(std::move(network), size);
}

Scores guesses(const Dataset& dataset, double skill) {
  Random random(17);
  Scores scores;
  scores.samples = all_indices(dataset);
  for (const Sample& sample : dataset.samples) {
    scores.labels.push_back(sample.label);
    for (int c = 0; c < static_cast<int>(dataset.classes.size()); ++c)
      scores.logits.push_back(static_cast<float>(random.normal() + (c == sample.label ? skill : 0.0)));
  }
  return scores;
}

std::string thrown_by(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace dermdistill::testing
