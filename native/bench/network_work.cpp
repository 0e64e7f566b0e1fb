// A network alone: a training step with cross-entropy, and the folded forward pass.
#include "core/learn/optimiser.h"
#include "native/bench/work.h"

namespace dermdistill {
namespace {

class TrainingWork final : public Work {
 public:
  TrainingWork(Architecture architecture, const BenchmarkConfig& config, const Backend& backend, Random& random)
      : network_(started({architecture, 1.0, kBenchmarkClasses}, random)),
        step_(network_, nullptr,
              {loss_config(Method::Ce), std::vector<float>(kBenchmarkClasses, 1.0F), config.batch, 1, config.size,
               config.seed},
              backend),
        optimiser_(make_optimiser(paper_optimiser(), step_.parameters())) {
    batch_.images = random_images(config.batch, config.size, random);
    batch_.labels = random_labels(config.batch, random);
    batch_.samples.resize(batch_.labels.size());
  }

  void step() override {
    step_.compute_gradients(batch_);
    if (observer_ != nullptr) observer_->enter(StepPart::Optimiser, false);
    optimiser_->step(1e-3);
  }
  std::size_t arena_bytes() const override { return step_.arena_bytes(); }
  void observe(StepObserver* observer) override {
    observer_ = observer;
    step_.observe(observer);
  }

 private:
  static Network started(const NetworkConfig& config, Random& random) {
    Network network(config);
    network.initialise(random);
    return network;
  }

  Network network_;
  DistillStep step_;
  std::unique_ptr<Optimiser> optimiser_;
  Batch batch_;
  StepObserver* observer_ = nullptr;
};

class ForwardWork final : public Work {
 public:
  ForwardWork(const BenchmarkConfig& config, const Backend& backend, Random& random)
      : batch_(config.batch), images_(random_images(config.batch, config.size, random)) {
    Network network({Architecture::ResNet50, 1.0, kBenchmarkClasses});
    network.initialise(random);
    pass_ =
        std::make_unique<InferencePass>(FoldedNetwork::from(network), backend, config.batch, config.size, config.size);
  }
  void step() override {
    if (observer_ != nullptr) observer_->enter(StepPart::Network, false);
    pass_->forward(images_, batch_);
  }
  std::size_t arena_bytes() const override { return pass_->arena_bytes(); }
  void observe(StepObserver* observer) override {
    observer_ = observer;
    pass_->observe(observer);
  }

 private:
  int batch_;
  std::vector<float> images_;
  std::unique_ptr<InferencePass> pass_;
  StepObserver* observer_ = nullptr;
};

}  // namespace

std::vector<float> random_images(int count, int size, Random& random) {
  std::vector<float> images(static_cast<std::size_t>(count) * static_cast<std::size_t>(size * size * 3));
  for (float& value : images) value = static_cast<float>(random.normal());
  return images;
}

std::vector<int> random_labels(int count, Random& random) {
  std::vector<int> labels(static_cast<std::size_t>(count));
  for (int& label : labels) label = static_cast<int>(random.below(kBenchmarkClasses));
  return labels;
}

OptimiserConfig paper_optimiser() { return {.kind = OptimiserKind::Sgd, .momentum = 0.9, .weight_decay = 1e-3}; }

std::unique_ptr<Work> make_training_work(Architecture architecture, const BenchmarkConfig& config,
                                         const Backend& backend, Random& random) {
  return std::make_unique<TrainingWork>(architecture, config, backend, random);
}

std::unique_ptr<Work> make_forward_work(const BenchmarkConfig& config, const Backend& backend, Random& random) {
  return std::make_unique<ForwardWork>(config, backend, random);
}

}  // namespace dermdistill
