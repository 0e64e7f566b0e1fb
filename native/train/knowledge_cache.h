// What a frozen teacher says of K stored transforms of every image, computed once and mapped into memory.
//
// The file knowledge.bin: 8 bytes of magic, the length of a JSON header (u64), the header, padding to 4096; then one
// record a (transform, image), transform-major, each holding for all its views: logits (f32), embedding, projection
// (where wanted) and feature map (where wanted) as halves. Beside it knowledge.json says how many records are done.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/distill/distill_loss.h"
#include "core/nn/network.h"
#include "native/base/files.h"
#include "native/data/loader.h"
#include "native/train/teacher.h"

namespace dermdistill {

/// Sizes of a cache; all that is needed to find a record.
struct CacheLayout {
  int images = 0, transforms = 0, views = 1;  // views an image: 1 or 4
  int classes = 0, embedding = 0;
  FeatureShape map;
  bool projection = false, features = false;

  std::int64_t records() const { return static_cast<std::int64_t>(images) * transforms; }
  std::int64_t record_bytes() const;
  std::int64_t map_size() const { return static_cast<std::int64_t>(map.height) * map.width * map.channels; }
};

/// Everything a cache must agree on with the run that reads it.
struct CacheIdentity {
  std::string teacher_sha256, data_fingerprint;
  std::string images_sha256;  // over the ids of the training images, in order
  nlohmann::json augmentation;
  Preprocessing preprocessing;
  std::uint64_t seed = 0;
  CacheLayout layout;
};

/// Floats that a batch is converted into; reused.
struct KnowledgeBuffers {
  std::vector<float> logits, embedding, projection, features;
};

class KnowledgeCache {
 public:
  /// @throws InputError naming what differs from `wanted`, or saying that the cache is not finished; FormatError for a
  /// file that is damaged or no cache.
  static KnowledgeCache open(const std::filesystem::path& folder, const CacheIdentity& wanted);

  const CacheLayout& layout() const { return layout_; }
  /// The teacher's answers on transform `transform` of the images at these positions, row = image * views + view.
  TeacherViews read(std::span<const int> positions, int transform, KnowledgeBuffers& buffers) const;

 private:
  KnowledgeCache(MappedFile file, CacheLayout layout, std::size_t offset);

  MappedFile file_;
  CacheLayout layout_;
  std::size_t offset_;  // of the first record
};

/// Images that the teacher is asked about at a time, whatever the run's batch: an interrupted cache goes on where it
/// was.
inline constexpr int kCacheBatch = 32;

/// Builds the cache in `folder`, or finishes one that was interrupted; does nothing when it is complete.
/// The loader must visit the images in order (no shuffling) by kCacheBatch, with the transforms and views of the
/// layout.
/// @throws InputError as KnowledgeCache::open, FileError when the disk has not enough room, Interrupted after saving
/// how far it came.
void build_knowledge_cache(const std::filesystem::path& folder, const CacheIdentity& identity, Teacher& teacher,
                           const Backend& backend, Loader& loader, const std::function<bool()>& stop_requested);

}  // namespace dermdistill
