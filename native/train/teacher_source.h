// Where a student's batch gets the teacher's answers from: the teacher itself, or what it said before.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "native/data/loader.h"
#include "native/train/knowledge_cache.h"
#include "native/train/teacher.h"
#include "native/train/training_data.h"

namespace dermdistill {

class TeacherSource {
 public:
  virtual ~TeacherSource() = default;
  /// What the teacher says of every row of the batch; valid until the next call.
  virtual TeacherViews views(const Batch& batch) = 0;
  /// Of the teacher's feature map.
  virtual FeatureShape feature_shape() const = 0;
};

/// Runs the teacher on the batch.
class OnlineTeacher : public TeacherSource {
 public:
  OnlineTeacher(Teacher teacher, const Backend& backend, int max_rows, int size, int orientations = 1);
  TeacherViews views(const Batch& batch) override;
  FeatureShape feature_shape() const override { return pass_.feature_shape(); }

 private:
  Teacher teacher_;
  TeacherPass pass_;
};

/// Reads what the teacher said of the same views from a cache.
class CachedTeacher : public TeacherSource {
 public:
  /// `indices` are the samples in the order in which the cache was built.
  CachedTeacher(KnowledgeCache cache, std::span<const int> indices);
  TeacherViews views(const Batch& batch) override;
  FeatureShape feature_shape() const override { return cache_.layout().map; }

 private:
  KnowledgeCache cache_;
  std::unordered_map<int, int> position_;  // of a sample within the cache
  std::vector<int> positions_;             // of the batch's images
  KnowledgeBuffers buffers_;
};

/// The teacher of a run, known to fit its data; a new run's configuration takes its hash.
/// @throws InputError when it is not the one the run was started with, does not fit or was trained on another split.
Teacher open_teacher(RunConfig& config, const TrainingData& data, const Backend& backend);

/// The source that the configuration asks for; the cache is built in the folder `cache` where it is not complete yet.
std::unique_ptr<TeacherSource> make_teacher_source(const RunConfig& config, const TrainingData& data, Teacher teacher,
                                                   const std::filesystem::path& cache, const Backend& backend,
                                                   const std::function<bool()>& stop_requested);

/// What a cache of this run must be.
CacheIdentity cache_identity(const RunConfig& config, const TrainingData& data, const Teacher& teacher);

}  // namespace dermdistill
