// The loader alone: reading, decoding and transforming pictures into batches of four views.
#include <algorithm>
#include <sys/resource.h>

#include "core/base/error.h"
#include "core/distill/views.h"
#include "native/bench/scratch_folder.h"
#include "native/bench/work.h"
#include "native/data/loader.h"
#include "native/data/synthesis.h"

namespace dermdistill {
namespace {

constexpr int kLeastPictures = 40, kMostPictures = 64;
constexpr int kPictureSide = 512;  // about as many pixels as the 600 x 450 of HAM10000
/// Some systems count a process's time in hundredths of a second, so less than this says nothing.
constexpr double kLeastProcessorSeconds = 0.2;
constexpr int kMostExtraSteps = 2000;

/// Of all threads of the process.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class LoaderWork final : public Work {
 public:
  LoaderWork(const BenchmarkConfig& config, const Backend& backend) : config_(config), backend_(backend) {
    std::filesystem::path folder = config.data;
    if (folder.empty()) {
      SynthesisConfig synthesis;
      synthesis.images = std::min(kMostPictures, std::max(kLeastPictures, 4 * config.batch));
      synthesis.size = kPictureSide;
      synthesis.threads = config.threads;
      folder_.emplace();
      write_synthetic_dataset(folder_->path() / "pictures", synthesis, {});
      folder = folder_->path() / "pictures";
    }
    const Dataset dataset = load_dataset(folder);
    LoaderConfig loading;
    loading.batch = config.batch;
    loading.views = kViewsPerImage;
    loading.augment = loading.drop_last = true;
    loading.seed = config.seed;
    loading.workers = config.threads;
    loading.preprocessing.size = config.size;
    // One long epoch, over and over the same pictures: the pause between epochs is not the subject.
    const std::size_t batch = static_cast<std::size_t>(config.batch),
                      pictures = std::min(dataset.samples.size(), 4 * batch);
    cold_steps_ = static_cast<int>((pictures + batch - 1) / batch) + loading.prefetch + loading.workers;
    std::vector<int> indices;
    last_step_ = config.iterations + cold_steps_ + kMostExtraSteps;
    const std::size_t wanted = batch * static_cast<std::size_t>(last_step_);
    for (std::size_t i = 0; i < wanted; ++i) indices.push_back(static_cast<int>(i % pictures));
    decoding_.emplace(dataset, indices, loading);
    decoding_->start_epoch(0);
    loading.keep_decoded = std::int64_t{1} << 40;
    keeping_.emplace(dataset, indices, loading);  // idle until its epoch starts
  }

  void step() override {
    take(*decoding_);
    // From here to the end as many batches are made as are taken: those that wait are the same number at both ends.
    if (++steps_ == kWarmUpSteps) began_ = processor_seconds();
  }
  std::size_t arena_bytes() const override { return 0; }
  void observe(StepObserver*) override {}

  nlohmann::json facts() override {
    if (steps_ <= kWarmUpSteps) return nlohmann::json::object();
    double seconds = processor_seconds() - began_;
    for (; seconds < kLeastProcessorSeconds && steps_ < last_step_; seconds = processor_seconds() - began_) step();
    const int images = (steps_ - kWarmUpSteps) * config_.batch;
    const double cost = seconds / images;  // of one image, in seconds of one thread
    decoding_.reset();
    const double cost_from_memory = seconds_from_memory();
    keeping_.reset();
    const double step = student_step_seconds();
    const double share_of_cost = config_.batch / (step * config_.threads);
    return {{"views", kViewsPerImage},
            {"cpu_ms_per_image", rounded(1e3 * cost, 2)},
            {"images_per_s_a_thread", rounded(1 / cost, 1)},
            {"student_images_per_s", rounded(config_.batch / step, 2)},
            {"times_student_step", rounded(1 / (cost * share_of_cost), 2)},
            {"share_of_threads", rounded(cost * share_of_cost, 4)},
            {"decoded_cpu_ms_per_image", rounded(1e3 * cost_from_memory, 2)},
            {"decoded_times_student_step", rounded(1 / (cost_from_memory * share_of_cost), 2)},
            {"decoded_share_of_threads", rounded(cost_from_memory * share_of_cost, 4)}};
  }

 private:
  void take(Loader& loader) {
    if (!loader.next(batch_)) throw Error("the loader", "ended early", "another batch");
  }

  /// Of one thread for an image whose decoded picture was kept.
  double seconds_from_memory() {
    keeping_->start_epoch(0);
    for (int i = 0; i < cold_steps_; ++i) take(*keeping_);
    const double began = processor_seconds();
    double seconds = 0;
    int steps = 0;
    const int most = last_step_ - cold_steps_;
    while (steps < most && (steps < config_.iterations || seconds < kLeastProcessorSeconds)) {
      take(*keeping_);
      ++steps;
      seconds = processor_seconds() - began;
    }
    return seconds / (steps * config_.batch);
  }

  /// The training step that eats these batches: MobileNetV2 on four views an image.
  double student_step_seconds() const {
    BenchmarkConfig config = config_;
    config.work = "student-step";
    config.batch *= kViewsPerImage;
    config.iterations = 5;
    Random random(config.seed);
    const auto work = make_training_work(Architecture::MobileNetV2, config, backend_, random);
    return median(time_steps(*work, config.iterations));
  }

  BenchmarkConfig config_;
  const Backend& backend_;
  std::optional<ScratchFolder> folder_;
  std::optional<Loader> decoding_, keeping_;
  Batch batch_;
  int steps_ = 0, cold_steps_ = 0, last_step_ = 0;
  double began_ = 0;
};

}  // namespace

std::unique_ptr<Work> make_loader_work(const BenchmarkConfig& config, const Backend& backend) {
  return std::make_unique<LoaderWork>(config, backend);
}

}  // namespace dermdistill
