// The whole step of SSD-KD as training runs it: the teacher asked online, or its answers read from a knowledge cache.
#include <chrono>
#include <cmath>

#include "core/base/error.h"
#include "core/distill/views.h"
#include "core/learn/optimiser.h"
#include "native/bench/scratch_folder.h"
#include "native/bench/work.h"
#include "native/train/cache_file.h"

namespace dermdistill {
namespace {

// The steps go round among them, so that no answer is still in the processor's cache.
constexpr int kCachedTransforms = 3;

Teacher random_teacher(const Backend& backend, Random& random) {
  Network network({Architecture::ResNet50, 1.0, kBenchmarkClasses});
  network.initialise(random);
  Teacher teacher;
  teacher.network = FoldedNetwork::from(network);
  teacher.head.emplace(network.embedding_size(), "head", backend);
  teacher.head->initialise(random);
  teacher.name = "a random teacher";
  return teacher;
}

class DistillWork final : public Work {
 public:
  DistillWork(const BenchmarkConfig& config, const Backend& backend, Random& random)
      : config_(config), network_({Architecture::MobileNetV2, 1.0, kBenchmarkClasses}) {
    network_.initialise(random);
    const int rows = config.batch * kViewsPerImage;
    for (int transform = 0; transform < (config.cached ? kCachedTransforms : 1); ++transform) {
      Batch batch;
      batch.views = kViewsPerImage;
      batch.images = random_images(rows, config.size, random);
      batch.labels = random_labels(config.batch, random);
      batch.transform = config.cached ? transform : -1;
      for (int image = 0; image < config.batch; ++image) batch.samples.push_back(image);
      batches_.push_back(std::move(batch));
    }
    Teacher teacher = random_teacher(backend, random);
    std::unique_ptr<TeacherSource> source;
    if (config.cached) {
      source = fill_cache(teacher, backend);
    } else {
      std::vector<Teacher> teachers;
      teachers.push_back(std::move(teacher));
      source = std::make_unique<OnlineTeacher>(std::move(teachers), backend, rows, config.size);
    }
    step_ = std::make_unique<DistillStep>(
        network_, std::move(source),
        DistillStepConfig{loss_config(Method::SsdKd), std::vector<float>(kBenchmarkClasses, 1.0F), config.batch,
                          kViewsPerImage, config.size, config.seed},
        backend);
    optimiser_ = make_optimiser(paper_optimiser(), step_->parameters());
  }

  void step() override {
    batch_ = &batches_[steps_++ % batches_.size()];
    const LossTerms& terms = step_->compute_gradients(*batch_);
    if (!std::isfinite(terms.total)) throw NumericError("the loss", "is not finite", "a finite number");
    if (observer_ != nullptr) observer_->enter(StepPart::Optimiser, false);
    optimiser_->step(1e-3);
  }

  std::size_t arena_bytes() const override { return step_->arena_bytes(); }
  void observe(StepObserver* observer) override {
    observer_ = observer;
    was_observed_ = true;
    step_->observe(observer);
  }

  nlohmann::json facts() override {
    nlohmann::json facts;
    facts["cached"] = config_.cached;
    if (config_.cached) {
      facts["cache_kb_per_image"] = rounded(record_kb_, 1);  // for one stored transform
      facts["cache_written_images_per_s"] = rounded(written_images_per_s_, 2);
    }
    if (was_observed_) facts["loss_terms_ms"] = time_terms();
    return facts;
  }

 private:
  /// Each term of the loss alone, on what the last step saw: milliseconds, the median of several.
  nlohmann::json time_terms() {
    const LossConfig all = loss_config(Method::SsdKd);
    using Weight = float LossConfig::*;
    const std::pair<const char*, std::vector<Weight>> terms[] = {
        {"ce", {&LossConfig::ce}},
        {"kd", {&LossConfig::kd, &LossConfig::kd_transformed}},
        {"ss", {&LossConfig::ss}},
        {"rkd_distance", {&LossConfig::rkd_distance}},
        {"rkd_angle", {&LossConfig::rkd_angle}},
        {"rkd, both", {&LossConfig::rkd_distance, &LossConfig::rkd_angle}},
        {"crkd", {&LossConfig::crkd}}};
    nlohmann::json result;
    for (const auto& [name, weights] : terms) {
      // The views of four an image are only taken for such where a term needs them: a weight too small to matter.
      LossConfig config = all;
      for (const Weight weight : {&LossConfig::ce, &LossConfig::kd, &LossConfig::kd_transformed, &LossConfig::ss,
                                  &LossConfig::rkd_distance, &LossConfig::rkd_angle, &LossConfig::crkd}) {
        config.*weight = 0;
      }
      config.kd_transformed = 1e-30F;
      for (const Weight weight : weights) config.*weight = all.*weight;
      DistillLoss loss(config, std::vector<float>(kBenchmarkClasses, 1.0F));
      StudentGradients gradients;
      std::vector<double> seconds;
      for (int i = 0; i < config_.iterations + 1; ++i) {
        const auto began = std::chrono::steady_clock::now();
        loss.evaluate(step_->student_views(), step_->teacher_views(), batch_->labels, gradients);
        if (i > 0) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
      }
      result[name] = rounded(1e3 * median(seconds), 3);
    }
    return result;
  }

  /// A cache of the teacher's answers on all batches, written and then mapped as training does it.
  std::unique_ptr<TeacherSource> fill_cache(Teacher& teacher, const Backend& backend) {
    folder_.emplace();
    CacheIdentity identity;
    identity.teacher_sha256 = identity.data_fingerprint = identity.images_sha256 = "a benchmark's";
    identity.preprocessing.size = config_.size;
    CacheLayout& layout = identity.layout;
    layout.images = config_.batch;
    layout.transforms = kCachedTransforms;
    layout.views = kViewsPerImage;
    layout.classes = kBenchmarkClasses;
    layout.map = feature_shape(teacher.network.units, config_.size, config_.size);
    layout.embedding = layout.map.channels;
    layout.embeddings = layout.projection = layout.features = true;
    {
      CacheWriter writer(folder_->path(), identity);
      TeacherPass pass(teacher, backend, config_.batch * kViewsPerImage, config_.size);
      const auto began = std::chrono::steady_clock::now();
      for (const Batch& batch : batches_) {
        writer.append(pass.forward(batch.images, config_.batch, config_.batch * kViewsPerImage, true));
      }
      writer.flush();
      record_kb_ = static_cast<double>(writer.bytes()) / static_cast<double>(layout.records()) / 1e3;
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
      written_images_per_s_ = static_cast<double>(layout.records()) / seconds;
    }
    return std::make_unique<CachedTeacher>(KnowledgeCache::open(folder_->path(), identity), batches_[0].samples);
  }

  BenchmarkConfig config_;
  Network network_;
  std::vector<Batch> batches_;
  std::optional<ScratchFolder> folder_;
  double record_kb_ = 0, written_images_per_s_ = 0;
  std::unique_ptr<DistillStep> step_;
  std::unique_ptr<Optimiser> optimiser_;
  const Batch* batch_ = nullptr;
  std::size_t steps_ = 0;
  StepObserver* observer_ = nullptr;
  bool was_observed_ = false;
};

}  // namespace

std::unique_ptr<Work> make_distill_work(const BenchmarkConfig& config, const Backend& backend, Random& random) {
  return std::make_unique<DistillWork>(config, backend, random);
}

}  // namespace dermdistill
