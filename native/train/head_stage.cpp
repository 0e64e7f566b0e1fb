#include "native/train/head_stage.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/distill/views.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"

namespace dermdistill {
namespace {

constexpr std::uint64_t kHeadWeightsStream = 21;  // of the run's seed: the head's first weights
constexpr std::uint64_t kOrderStream = 22;        // and the order of the images
constexpr int kEmbeddingBatch = 32;               // images

}  // namespace

ViewEmbeddings embed_views(const RunConfig& config, const TrainingData& data, Teacher& teacher, const Backend& backend,
                           const std::function<bool()>& stop_requested) {
  const std::vector<int> indices = limited(data.dataset, data.train, config.head.images, config.data.split.seed);
  LoaderConfig loading;
  loading.batch = kEmbeddingBatch;
  loading.views = kViewsPerImage;
  loading.augment = config.augment.enabled;
  loading.seed = config.seed;
  loading.workers = loader_workers(config.threads);
  loading.transforms = config.head.transforms;
  loading.preprocessing = config.preprocessing;
  loading.augmentation = without_overlays(config.augment);  // as students' runs will ask it
  Loader loader(data.dataset, indices, loading);
  TeacherPass pass(teacher, backend, kEmbeddingBatch * kViewsPerImage, config.preprocessing.size);
  ViewEmbeddings out;
  out.transforms = config.head.transforms;
  out.images = static_cast<int>(indices.size());
  // Growing by doubling would hold the embeddings, gigabytes with many transforms, twice.
  out.values.reserve(static_cast<std::size_t>(out.images) * static_cast<std::size_t>(out.transforms * kViewsPerImage) *
                     static_cast<std::size_t>(pass.feature_shape().channels));
  Progress progress("embeddings", static_cast<std::int64_t>(out.images) * out.transforms, "images");
  Batch batch;
  for (int transform = 0; transform < out.transforms; ++transform) {
    loader.start_epoch(transform);
    while (loader.next(batch)) {
      const auto images = static_cast<int>(batch.samples.size());
      const TeacherViews views = pass.forward(batch.images, images, images * kViewsPerImage, false);
      out.values.insert(out.values.end(), views.embedding.begin(), views.embedding.end());
      out.dimensions = static_cast<int>(views.embedding.size()) / (images * kViewsPerImage);
      progress.advance(images);
      if (stop_requested && stop_requested()) {
        throw Interrupted(
            "stopped before the head stage; the teacher is saved; the same command with --resume goes on");
      }
    }
  }
  return out;
}

HeadStage::HeadStage(const RunConfig& config, ViewEmbeddings embeddings, StateDict network, const Backend& backend)
    : embeddings_(std::move(embeddings)),
      network_(std::move(network)),
      batch_(std::min(config.head.training.batch, embeddings_.images)),
      seed_(config.seed),
      head_(embeddings_.dimensions, "head", backend) {
  Random random(seed_, kHeadWeightsStream);
  head_.initialise(random);
}

void HeadStage::start_epoch(int epoch, int first_step) {
  order_.resize(static_cast<std::size_t>(embeddings_.images));
  std::iota(order_.begin(), order_.end(), 0);
  Random random(mix_seed(seed_, kOrderStream, static_cast<std::uint64_t>(epoch)));
  random.shuffle(std::span(order_));
  transform_ = epoch % embeddings_.transforms;
  step_ = first_step;
}

const LossTerms& HeadStage::compute_gradients() {
  const std::size_t width = static_cast<std::size_t>(kViewsPerImage) * static_cast<std::size_t>(embeddings_.dimensions);
  rows_.resize(static_cast<std::size_t>(batch_) * width);
  for (int i = 0; i < batch_; ++i) {
    const int image = order_[static_cast<std::size_t>(step_ * batch_ + i)];
    const std::size_t record = static_cast<std::size_t>(transform_) * static_cast<std::size_t>(embeddings_.images) +
                               static_cast<std::size_t>(image);
    std::copy_n(embeddings_.values.begin() + static_cast<std::ptrdiff_t>(record * width), width,
                rows_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * width));
  }
  ++step_;
  const std::span<const float> projection = head_.forward(rows_);
  gradient_.assign(projection.size(), 0.0F);
  terms_.total = contrastive_cross_entropy(projection, batch_, 1.0F, gradient_, workspace_);
  terms_.terms = {{"contrastive", terms_.total},
                  {"matching_accuracy", contrastive_accuracy(projection, batch_, workspace_)}};
  head_.backward(gradient_);
  return terms_;
}

void HeadStage::add_state_to(TensorFile& file) const {
  add_state(file, network_, "model.");
  add_state(file, head_.state());
}

void HeadStage::load_state(const TensorFile& file, const std::filesystem::path&) { head_.load(to_state(file)); }

}  // namespace dermdistill
