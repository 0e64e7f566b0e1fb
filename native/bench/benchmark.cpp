#include "native/bench/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <sys/resource.h>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/distill/distill_loss.h"
#include "core/learn/optimiser.h"
#include "core/nn/heads.h"
#include "core/nn/network.h"

namespace dermdistill {
namespace {

constexpr int kClasses = 8;

std::vector<float> random_images(int count, int size, Random& random) {
  std::vector<float> images(static_cast<std::size_t>(count) * static_cast<std::size_t>(size * size * 3));
  for (float& value : images) value = static_cast<float>(random.normal());
  return images;
}

std::vector<int> random_labels(int count, Random& random) {
  std::vector<int> labels(static_cast<std::size_t>(count));
  for (int& label : labels) label = static_cast<int>(random.below(kClasses));
  return labels;
}

OptimiserConfig paper_optimiser() { return {.kind = OptimiserKind::Sgd, .momentum = 0.9, .weight_decay = 1e-3}; }

/// One thing to time: `step` runs it once.
class Work {
 public:
  virtual ~Work() = default;
  virtual void step() = 0;
  virtual std::size_t arena_bytes() const = 0;
};

/// Forward, cross-entropy, backward, SGD.
class TrainingWork final : public Work {
 public:
  TrainingWork(Architecture architecture, const BenchmarkConfig& config, const Backend& backend, Random& random)
      : network_({architecture, 1.0, kClasses}),
        images_(random_images(config.batch, config.size, random)),
        labels_(random_labels(config.batch, random)),
        loss_(loss_config(Method::Ce), std::vector<float>(kClasses, 1.0f)) {
    network_.initialise(random);
    pass_ = std::make_unique<TrainingPass>(network_, backend, config.batch, config.size, config.size);
    optimiser_ = make_optimiser(paper_optimiser(), {network_.parameters()});
  }

  void step() override {
    const auto out = pass_->forward(images_);
    StudentViews student;
    student.images = out.batch;
    student.classes = kClasses;
    student.logits = out.logits;
    loss_.evaluate(student, {}, labels_, gradients_);
    pass_->backward({gradients_.logits, {}, {}});
    optimiser_->step(1e-3);
  }
  std::size_t arena_bytes() const override { return pass_->arena_bytes(); }

 private:
  Network network_;
  std::vector<float> images_;
  std::vector<int> labels_;
  DistillLoss loss_;
  StudentGradients gradients_;
  std::unique_ptr<TrainingPass> pass_;
  std::unique_ptr<Optimiser> optimiser_;
};

/// ResNet-50 in evaluation mode, batch norm folded.
class ForwardWork final : public Work {
 public:
  ForwardWork(const BenchmarkConfig& config, const Backend& backend, Random& random)
      : batch_(config.batch), images_(random_images(config.batch, config.size, random)) {
    Network network({Architecture::ResNet50, 1.0, kClasses});
    network.initialise(random);
    pass_ =
        std::make_unique<InferencePass>(FoldedNetwork::from(network), backend, config.batch, config.size, config.size);
  }
  void step() override { pass_->forward(images_, batch_); }
  std::size_t arena_bytes() const override { return pass_->arena_bytes(); }

 private:
  int batch_;
  std::vector<float> images_;
  std::unique_ptr<InferencePass> pass_;
};

/// The paper's whole step with the teacher online: `batch` images, four rotations each, all loss terms.
class SsdKdWork final : public Work {
 public:
  SsdKdWork(const BenchmarkConfig& config, const Backend& backend, Random& random)
      : images_(random_images(4 * config.batch, config.size, random)),
        labels_(random_labels(config.batch, random)),
        network_({Architecture::MobileNetV2, 1.0, kClasses}),
        student_head_(network_.embedding_size(), "head", backend),
        regressor_(network_.embedding_size(), 2048, "regressor", backend),
        teacher_head_(2048, "head", backend),
        loss_(loss_config(Method::SsdKd), std::vector<float>(kClasses, 1.0f)) {
    Network teacher({Architecture::ResNet50, 1.0, kClasses});
    teacher.initialise(random);
    network_.initialise(random);
    student_head_.initialise(random);
    regressor_.initialise(random);
    teacher_head_.initialise(random);
    teacher_ = std::make_unique<InferencePass>(FoldedNetwork::from(teacher), backend, 4 * config.batch, config.size,
                                               config.size);
    pass_ = std::make_unique<TrainingPass>(network_, backend, 4 * config.batch, config.size, config.size);
    optimiser_ =
        make_optimiser(paper_optimiser(), {network_.parameters(), student_head_.parameters(), regressor_.parameters()});
  }

  void step() override {
    const int images = static_cast<int>(labels_.size());
    const auto taught = teacher_->forward(images_, 4 * images);
    const auto out = pass_->forward(images_);
    const auto [height, width, channels] = out.feature_shape;
    TeacherViews teacher{images,
                         kClasses,
                         taught.logits,
                         taught.embedding,
                         teacher_head_.forward(taught.embedding),
                         taught.features,
                         height,
                         width,
                         taught.feature_shape.channels};
    StudentViews student{images,
                         kClasses,
                         out.logits,
                         out.embedding,
                         student_head_.forward(out.embedding),
                         regressor_.forward(out.features, out.batch, height, width),
                         height,
                         width,
                         taught.feature_shape.channels};
    loss_.evaluate(student, teacher, labels_, gradients_);
    const auto d_embedding = student_head_.backward(gradients_.projection);
    for (std::size_t i = 0; i < d_embedding.size(); ++i) gradients_.embedding[i] += d_embedding[i];
    pass_->backward({gradients_.logits, gradients_.embedding, regressor_.backward(gradients_.regressed)});
    optimiser_->step(1e-3);
  }
  std::size_t arena_bytes() const override { return pass_->arena_bytes() + teacher_->arena_bytes(); }

 private:
  std::vector<float> images_;
  std::vector<int> labels_;
  Network network_;
  ProjectionHead student_head_;
  Regressor regressor_;
  ProjectionHead teacher_head_;
  DistillLoss loss_;
  StudentGradients gradients_;
  std::unique_ptr<InferencePass> teacher_;
  std::unique_ptr<TrainingPass> pass_;
  std::unique_ptr<Optimiser> optimiser_;
};

std::unique_ptr<Work> make_work(const BenchmarkConfig& config, const Backend& backend) {
  Random random(config.seed);
  if (config.work == "student-step")
    return std::make_unique<TrainingWork>(Architecture::MobileNetV2, config, backend, random);
  if (config.work == "teacher-step")
    return std::make_unique<TrainingWork>(Architecture::ResNet50, config, backend, random);
  if (config.work == "teacher-forward") return std::make_unique<ForwardWork>(config, backend, random);
  if (config.work == "ssdkd-step") return std::make_unique<SsdKdWork>(config, backend, random);
  throw InputError("benchmark " + config.work, "is unknown",
                   "student-step, teacher-forward, teacher-step or ssdkd-step");
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// To `digits` behind the point, such that JSON shows no more.
double rounded(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

}  // namespace

const std::vector<std::string>& benchmark_names() {
  static const std::vector<std::string> names{"student-step", "teacher-forward", "teacher-step", "ssdkd-step"};
  return names;
}

BenchmarkResult run_benchmark(const BenchmarkConfig& config) {
  set_thread_count(config.threads);
  const Backend& backend = backend_named(config.backend);
  BenchmarkResult result;
  result.config = config;
  result.backend = backend.name();
  const auto work = make_work(config, backend);
  work->step();
  work->step();
  for (int i = 0; i < config.iterations; ++i) {
    const auto began = std::chrono::steady_clock::now();
    work->step();
    result.seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  result.arena_bytes = work->arena_bytes();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  result.peak_memory = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  return result;
}

nlohmann::json to_json(const BenchmarkResult& result) {
  const double middle = median(result.seconds);
  const auto [low, high] = std::minmax_element(result.seconds.begin(), result.seconds.end());
  return {{"work", result.config.work},
          {"torch", nullptr},
          {"engine", "dermdistill (" + result.backend + ")"},
          {"threads", result.config.threads},
          {"batch", result.config.batch},
          {"size", result.config.size},
          {"seed", result.config.seed},
          {"median_s", rounded(middle, 4)},
          {"min_s", rounded(*low, 4)},
          {"max_s", rounded(*high, 4)},
          {"images_per_s", rounded(result.config.batch / middle, 2)},
          {"arena_mb", rounded(static_cast<double>(result.arena_bytes) / 1e6, 1)},
          {"peak_memory_mb", rounded(static_cast<double>(result.peak_memory) / 1e6, 1)}};
}

}  // namespace dermdistill
