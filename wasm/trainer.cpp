// Head training.
#include <emscripten/bind.h>

#include "core/head/head_file.h"
#include "wasm/classes.h"
#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {

Trainer::Trainer(const Model& model, HeadTrainer trainer, std::vector<std::string> class_names)
    : trainer_(std::move(trainer)), class_names_(std::move(class_names)), card_(model.card()) {
  if (model.statistics()) statistics_ = *model.statistics();
}

val Trainer::held_out() const { return to_array(trainer_.held_out_rows()); }
val Trainer::weight() const { return to_array(trainer_.head().weight); }
val Trainer::bias() const { return to_array(trainer_.head().bias); }

val Trainer::train_epoch() {
  return guarded([&] {
    const HeadEpoch epoch = trainer_.train_epoch();
    const auto loss = [](const std::optional<HeadScore>& score) { return score ? val(score->loss) : val::null(); };
    const auto accuracy = [](const std::optional<HeadScore>& score) {
      return score ? val(score->balanced_accuracy) : val::null();
    };
    val result = val::object();
    result.set("epoch", epoch.epoch);
    result.set("trainingLoss", epoch.training_loss);
    result.set("heldOutLoss", loss(epoch.held_out));
    result.set("heldOutBalancedAccuracy", accuracy(epoch.held_out));
    result.set("replayLoss", loss(epoch.replayed));
    result.set("replayBalancedAccuracy", accuracy(epoch.replayed));
    return result;
  });
}

val Trainer::held_out_scores() const {
  return guarded([&] {
    const auto scores = trainer_.held_out_scores();
    return scores ? to_object(to_json(*scores)) : val::null();
  });
}

val Trainer::replay_scores() const {
  return guarded([&] {
    const auto scores = trainer_.replay_scores();
    return scores ? to_object(to_json(*scores)) : val::null();
  });
}

val Trainer::head_file(const std::string& name, const std::string& trunk_sha256) const {
  return guarded([&] {
    return to_array(serialise_head(
        head_file_of(trainer_, name, class_names_, card_, trunk_sha256, statistics_ ? &*statistics_ : nullptr)));
  });
}

namespace {

HeadOptions options_from(const val& object) {
  HeadOptions options;
  const char* what = "options";
  if (optional_number_of(object, "epochs", what)) options.epochs = whole_number_of(object, "epochs", what);
  if (optional_number_of(object, "batch", what)) options.batch = whole_number_of(object, "batch", what);
  options.learning_rate = optional_number_of(object, "learningRate", what).value_or(options.learning_rate);
  options.pull = optional_number_of(object, "pull", what).value_or(options.pull);
  options.replay = optional_number_of(object, "replay", what).value_or(options.replay);
  options.held_out = optional_number_of(object, "heldOut", what).value_or(options.held_out);
  const double seed = optional_number_of(object, "seed", what).value_or(static_cast<double>(options.seed));
  if (!(seed >= 0 && seed < 0x1p53) || seed != static_cast<double>(static_cast<std::uint64_t>(seed)))
    throw InputError("options.seed", "it is no whole number that can be used", "0 to 2^53 - 1");
  options.seed = static_cast<std::uint64_t>(seed);
  return options;
}

Trainer* train_head(const Model& model, val embeddings, val labels, val images, val options) {
  return guarded([&] {
    const std::vector<float> rows = floats_from(embeddings, "embeddings");
    const std::vector<int> label_values = integers_from(labels, "labels"),
                           image_values = integers_from(images, "images");
    const std::vector<std::string> classes = texts_from(options["classes"], "options.classes");
    std::vector<std::string> names = texts_from(options["classNames"], "options.classNames");
    if (names.size() != classes.size())
      throw InputError("options.classNames", "there are " + std::to_string(names.size()),
                       std::to_string(classes.size()) + ", one a class");
    require_classes(model.card().classes, classes);
    HeadTrainer trainer(model.head(), classes, {rows, label_values, image_values}, model.statistics(),
                        options_from(options), backend_named("auto"));
    return new Trainer(model, std::move(trainer), std::move(names));
  });
}

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_trainer) {
  using namespace dermdistill::wasm;
  using emscripten::allow_raw_pointers;
  emscripten::class_<Trainer>("HeadTrainer")
      .property("epoch", &Trainer::epoch)
      .property("epochs", &Trainer::epochs)
      .function("heldOut", &Trainer::held_out)
      .function("trainEpoch", &Trainer::train_epoch)
      .function("heldOutScores", &Trainer::held_out_scores)
      .function("replayScores", &Trainer::replay_scores)
      .function("weight", &Trainer::weight)
      .function("bias", &Trainer::bias)
      .function("headFile", &Trainer::head_file);
  emscripten::function("trainHead", &train_head, allow_raw_pointers());
}
