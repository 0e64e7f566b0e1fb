#include "tests/train/tiny_run.h"

#include <exception>
#include <memory>

#include "native/data/synthesis.h"
#include "native/train/distill.h"
#include "native/train/initial_weights.h"
#include "native/train/teach.h"

namespace dermdistill::testing {
namespace {

RunConfig tiny_config(const std::string& kind) {
  RunConfig config = recipe_config(kind, "laptop");
  config.data.folder = tiny_data();
  config.network.architecture = Architecture::MobileNetV2;
  config.network.width = 0.25;
  config.preprocessing.size = 32;
  config.training.epochs = 2;
  config.training.batch = 16;
  config.training.rate = 1e-3;
  config.head.training.epochs = 2;
  config.head.training.batch = 16;
  config.threads = 1;
  return config;
}

}  // namespace

const std::filesystem::path& tiny_data() {
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

const std::filesystem::path& tiny_teacher() {
  static const TemporaryFolder parent;
  static const std::filesystem::path folder = [] {
    const std::filesystem::path path = parent.path() / "teacher";
    // Long enough for the running statistics to arrive: before that every image looks the same to the teacher.
    RunConfig config = tiny_teach_config();
    config.training.epochs = 20;
    config.data.split.validation = 0;  // so that the last epoch is kept, not the first of equally bad ones
    teach(config, path, false, {});
    return path;
  }();
  return folder;
}

void train_other_teacher(const std::filesystem::path& out, const std::function<void(RunConfig&)>& change) {
  RunConfig config = tiny_teach_config();
  config.training.epochs = 1;
  config.head.training.epochs = 0;
  config.data.split.validation = 0;  // as tiny_teacher()
  config.seed += 1;
  if (change) change(config);
  teach(config, out, false, {});
}

RunConfig tiny_teach_config() { return tiny_config("teacher"); }

RunConfig tiny_distill_config(Method method) {
  RunConfig config = tiny_config("student");
  config.distill.method = method;
  config.distill.loss = loss_config(method);
  if (needs_teacher(config.distill.loss)) config.distill.teacher = tiny_teacher();
  config.data.allow_other_split = true;  // the tiny teacher keeps no validation images
  config.distill.stored_transforms = 2;
  return config;
}

StopRequest stop_after(int steps) {
  // Shared, because every stage holds a copy of the request.
  return [steps, asked = std::make_shared<int>(0)] { return ++*asked == steps; };
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

TinyStudent::TinyStudent(const RunConfig& from, const std::filesystem::path& cache)
    : config(from), data(open_training_data(config)), backend(backend_named("auto")) {
  Network network(config.network);
  load_initial_weights(network, kRandomInit, config.seed);
  std::unique_ptr<TeacherSource> source;
  if (needs_teacher(config.distill.loss)) {
    config.distill.online = cache.empty();
    config.distill.cache = cache;
    source = make_teacher_source(config, data, open_teachers(config, data, backend), cache, backend, {});
  }
  stage = std::make_unique<NetworkStage>(config, data, std::move(network), std::move(source), backend);
}

}  // namespace dermdistill::testing
