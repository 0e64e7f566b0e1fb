// Where a student's batch gets the teacher's answers from: the teacher itself, or what it said before.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "native/data/loader.h"
#include "native/train/ensemble_pass.h"
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

/// Runs the teachers on the batch.
class OnlineTeacher : public TeacherSource {
 public:
  OnlineTeacher(std::vector<Teacher> teachers, const Backend& backend, int max_rows, int size, int orientations = 1);
  TeacherViews views(const Batch& batch) override;
  FeatureShape feature_shape() const override { return pass_.feature_shape(); }

 private:
  std::vector<Teacher> teachers_;
  EnsemblePass pass_;
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

/// The teachers of a run, the first one first, known to fit its data and each other; a new run's configuration takes
/// their hashes. @throws InputError when one is not that the run was started with, does not fit, was trained on another
/// split or is there twice.
std::vector<Teacher> open_teachers(RunConfig& config, const TrainingData& data, const Backend& backend);

/// The source that the configuration asks for; the cache is built in the folder `cache` where it is not complete yet.
std::unique_ptr<TeacherSource> make_teacher_source(const RunConfig& config, const TrainingData& data,
                                                   std::vector<Teacher> teachers, const std::filesystem::path& cache,
                                                   const Backend& backend, const std::function<bool()>& stop_requested);

/// What a cache of this run must be.
CacheIdentity cache_identity(const RunConfig& config, const TrainingData& data, std::span<const Teacher> teachers);

}  // namespace dermdistill
