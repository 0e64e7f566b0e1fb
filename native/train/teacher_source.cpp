#include "native/train/teacher_source.h"

#include <utility>

#include "core/base/error.h"
#include "core/distill/views.h"
#include "native/train/network_stage.h"
#include "native/train/split_check.h"

namespace dermdistill {

OnlineTeacher::OnlineTeacher(std::vector<Teacher> teachers, const Backend& backend, int max_rows, int size,
                             int orientations)
    : teachers_(std::move(teachers)), pass_(teachers_, backend, max_rows, size, orientations) {}

TeacherViews OnlineTeacher::views(const Batch& batch) {
  const auto images = static_cast<int>(batch.samples.size());
  return pass_.forward(batch.plain.empty() ? batch.images : batch.plain, images, images * batch.views, true);
}

CachedTeacher::CachedTeacher(KnowledgeCache cache, std::span<const int> indices) : cache_(std::move(cache)) {
  for (std::size_t i = 0; i < indices.size(); ++i) position_[indices[i]] = static_cast<int>(i);
}

TeacherViews CachedTeacher::views(const Batch& batch) {
  positions_.clear();
  for (const int sample : batch.samples) {
    const auto found = position_.find(sample);
    if (found == position_.end())
      throw Error("knowledge cache", "has no sample " + std::to_string(sample), "a sample it was built for");
    positions_.push_back(found->second);
  }
  return cache_.read(positions_, batch.transform, buffers_);
}

std::vector<Teacher> open_teachers(RunConfig& config, const TrainingData& data, const Backend& backend) {
  DistillConfig& distill = config.distill;
  std::vector<Teacher> teachers;
  const auto open = [&](const std::filesystem::path& folder, std::string& sha256, bool needs_head) {
    Teacher teacher = load_teacher(folder, backend);
    check_teacher(teacher, data.dataset.classes, config.preprocessing, needs_head);
    if (!sha256.empty() && sha256 != teacher.sha256) {
      throw InputError(teacher.name, "is another teacher than the run was started with",
                       "weights with SHA-256 " + sha256);
    }
    check_same_split(config, teacher.card, "--teacher " + folder.string());
    for (const Teacher& other : teachers) check_ensemble(teacher, other);
    sha256 = teacher.sha256;
    teachers.push_back(std::move(teacher));
  };
  open(distill.teacher, distill.teacher_sha256, needs_projection(distill.loss));
  for (TeacherReference& other : distill.other_teachers) open(other.folder, other.sha256, false);
  return teachers;
}

CacheIdentity cache_identity(const RunConfig& config, const TrainingData& data, std::span<const Teacher> teachers) {
  const Teacher& first = teachers.front();
  CacheIdentity identity;
  for (const Teacher& teacher : teachers)
    identity.teacher_sha256 += (identity.teacher_sha256.empty() ? "" : " ") + teacher.sha256;
  identity.teacher_orientations = config.distill.teacher_orientations;
  identity.data_fingerprint = config.data.fingerprint;
  identity.images_sha256 = ids_sha256(data.dataset, data.train);
  identity.augmentation = to_json(without_overlays(config.augment));
  identity.preprocessing = config.preprocessing;
  identity.seed = config.seed;
  CacheLayout& layout = identity.layout;
  layout.images = static_cast<int>(data.train.size());
  layout.transforms = config.distill.stored_transforms;
  layout.views = needs_transformed_views(config.distill.loss) ? kViewsPerImage : 1;
  layout.classes = first.network.config.classes;
  layout.map = feature_shape(first.network.units, config.preprocessing.size, config.preprocessing.size);
  layout.embedding = layout.map.channels;
  layout.embeddings = needs_embedding(config.distill.loss);
  layout.projection = needs_projection(config.distill.loss);
  layout.features = needs_regressor(config.distill.loss);
  return identity;
}

std::unique_ptr<TeacherSource> make_teacher_source(const RunConfig& config, const TrainingData& data,
                                                   std::vector<Teacher> teachers, const std::filesystem::path& cache,
                                                   const Backend& backend,
                                                   const std::function<bool()>& stop_requested) {
  LoaderConfig loading = training_loader(config);
  if (config.distill.online) {
    return std::make_unique<OnlineTeacher>(std::move(teachers), backend, loading.batch * loading.views,
                                           config.preprocessing.size, config.distill.teacher_orientations);
  }
  const CacheIdentity identity = cache_identity(config, data, teachers);
  loading.batch = kCacheBatch;
  loading.shuffle = false;
  loading.drop_last = false;
  loading.augmentation = without_overlays(config.augment);
  Loader loader(data.dataset, data.train, loading);
  build_knowledge_cache(cache, identity, teachers, backend, loader, stop_requested);
  return std::make_unique<CachedTeacher>(KnowledgeCache::open(cache, identity), data.train);
}

}  // namespace dermdistill
