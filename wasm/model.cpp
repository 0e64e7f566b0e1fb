// A model's classifier, card and statistics: what is said of the network's outputs.
#include <emscripten/bind.h>

#include "core/explain/activation_map.h"
#include "core/explain/assessment.h"
#include "core/head/head_file.h"
#include "core/metrics/predictions.h"
#include "wasm/classes.h"
#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {

Model::Model(ModelCard card, LinearHead head, std::optional<EmbeddingStatistics> statistics,
             const std::optional<Gaussian>& early_statistics, const std::string& name)
    : card_(std::move(card)),
      head_(std::move(head)),
      statistics_(std::move(statistics)),
      early_statistics_(early_statistics),
      stranger_score_(
          StrangerScore::from(card_.out_of_distribution, early_statistics_ ? &*early_statistics_ : nullptr, name)) {}

val Model::card_object() const {
  return guarded([&] {
    val object = to_object(to_json_text(card_));
    object.set("trunk_sha256", card_.trunk_sha256);
    return object;
  });
}

val Model::weight() const { return to_array(head_.weight); }
val Model::bias() const { return to_array(head_.bias); }

val Model::statistics_text() const {
  return guarded([&] { return statistics_ ? val(statistics_to_text(*statistics_)) : val::null(); });
}

val Model::logits(val embeddings) const {
  return guarded(
      [&] { return to_array(head_logits(head_, floats_from(embeddings, "embeddings"), backend_named("auto"))); });
}

val Model::probabilities(val logits) const {
  return guarded([&] {
    const std::vector<float> values = floats_from(logits, "logits");
    if (values.size() % card_.classes.size() != 0)
      throw ShapeError("logits", std::to_string(values.size()) + " values",
                       "rows of " + std::to_string(card_.classes.size()));
    return to_array(probabilities_from_logits(values, head_.classes, card_.temperature));
  });
}

val Model::assess_probabilities(val probabilities) const {
  return guarded([&] {
    using nlohmann::json;
    const Assessment assessment = assess(card_, floats_from(probabilities, "probabilities"));
    json right;
    if (const auto& bin = assessment.right_when_this_sure)
      right = {{"low", bin->low}, {"high", bin->high}, {"count", bin->count}, {"accuracy", bin->accuracy}};
    json targets = json::array();
    for (const TargetAssessment& target : assessment.targets) {
      json points = json::array();
      for (const PointAssessment& point : target.points)
        points.push_back({{"threshold", point.point.threshold},
                          {"sensitivity", point.point.sensitivity},
                          {"specificity", point.point.specificity},
                          {"reached", point.reached}});
      targets.push_back({{"target", target.target}, {"probability", target.probability}, {"points", points}});
    }
    return to_object(json{{"top", assessment.top},
                          {"confidence", assessment.confidence},
                          {"rightWhenThisSure", right},
                          {"targets", targets}});
  });
}

val Model::out_of_distribution(val early_embedding) const {
  return guarded([&] {
    if (!stranger_score_) return val::null();
    const StrangerVerdict verdict = (*stranger_score_)(floats_from(early_embedding, "early embedding"));
    val result = val::object();
    result.set("score", verdict.score);
    result.set("threshold", verdict.threshold);
    result.set("kept", stranger_score_->kept());
    result.set("unlike", verdict.unlike);
    return result;
  });
}

val Model::maps(val features, int height, int width) const {
  return guarded([&] {
    if (height < 1 || width < 1)
      throw ShapeError("features", std::to_string(height) + " x " + std::to_string(width) + " places",
                       "at least 1 x 1");
    return to_array(activation_maps(head_, floats_from(features, "features"), static_cast<std::int64_t>(height) * width,
                                    FeatureLayout::ChannelsFirst, backend_named("auto")));
  });
}

Model* Model::with_head(val head_file, const std::string& name, const std::string& trunk_sha256) const {
  return guarded([&] {
    const HeadFile file = parse_head(bytes_from(head_file, "head file"), name);
    require_fits(file, card_, trunk_sha256, head_.channels, name);
    std::optional<EmbeddingStatistics> statistics;
    if (statistics_) statistics = personalised_statistics(*statistics_, file);
    ModelCard card = personalised_card(card_, file);
    card.trunk_sha256 = trunk_sha256;
    return new Model(std::move(card), file.head, std::move(statistics), early_statistics_, name);
  });
}

namespace {

val parse_card(const std::string& json, const std::string& name) {
  return guarded([&] {
    const ModelCard card = parse_model_card(json, name);
    val object = to_object(to_json_text(card));
    object.set("trunk_sha256", card.trunk_sha256);
    return object;
  });
}

Model* open_model(val parts, const std::string& name) {
  return guarded([&] {
    ModelCard card = parse_model_card(text_of(parts["card"], "model's card"), name);
    LinearHead head;
    head.weight = floats_from(parts["weight"], "classifier's weight");
    head.bias = floats_from(parts["bias"], "classifier's bias");
    head.classes = static_cast<int>(head.bias.size());
    head.channels = head.bias.empty() ? 0 : static_cast<int>(head.weight.size() / head.bias.size());
    check_head(head, name);
    if (head.bias.size() != card.classes.size())
      throw ShapeError(name, "its classifier has " + std::to_string(head.bias.size()) + " classes",
                       "its card's " + std::to_string(card.classes.size()));
    std::optional<EmbeddingStatistics> statistics;
    if (!is_absent(parts["statistics"])) {
      statistics = statistics_from_text(text_of(parts["statistics"], "embedding statistics"), name);
      if (statistics->channels != head.channels || statistics->classes != card.classes)
        throw ShapeError(name, "its embedding statistics are of other classes or channels", "the classifier's");
    }
    std::optional<Gaussian> early_statistics;
    if (!is_absent(parts["earlyStatistics"]))
      early_statistics = gaussian_from_text(text_of(parts["earlyStatistics"], "statistics of early embeddings"), name);
    return new Model(std::move(card), std::move(head), std::move(statistics), early_statistics, name);
  });
}

std::string personalised(const Model& shipped, val head_file, const std::string& name, const std::string& sha256) {
  return guarded([&] {
    const HeadFile file = parse_head(bytes_from(head_file, "head file"), name);
    require_fits(file, shipped.card(), file.card.trunk_sha256, shipped.channels(), name);
    ModelCard card = personalised_card(shipped.card(), file);
    card.trunk_sha256 = file.card.trunk_sha256;
    card.weights_sha256 = sha256;
    return to_json_text(card);
  });
}

val parse_head_card(val head_file, const std::string& name) {
  return guarded([&] { return to_object(to_json(parse_head(bytes_from(head_file, "head file"), name).card)); });
}

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_model) {
  using namespace dermdistill::wasm;
  using emscripten::allow_raw_pointers;
  emscripten::class_<Model>("Model")
      .property("card", &Model::card_object)
      .property("channels", &Model::channels)
      .property("hasStatistics", &Model::has_statistics)
      .property("knowsUnlike", &Model::knows_unlike)
      .function("weight", &Model::weight)
      .function("bias", &Model::bias)
      .function("statistics", &Model::statistics_text)
      .function("logits", &Model::logits)
      .function("probabilities", &Model::probabilities)
      .function("assess", &Model::assess_probabilities)
      .function("outOfDistribution", &Model::out_of_distribution)
      .function("activationMaps", &Model::maps)
      .function("withHead", &Model::with_head, allow_raw_pointers());
  emscripten::function("parseModelCard", &parse_card);
  emscripten::function("openModel", &open_model, allow_raw_pointers());
  emscripten::function("personalisedCard", &personalised);
  emscripten::function("parseHeadCard", &parse_head_card);
}
