// What a frozen teacher says of K stored transforms of every image, computed once and mapped into memory.
//
// The file knowledge.bin: 8 bytes of magic, the length of a JSON header (u64), the header, padding to 4096; then where
// each record begins and the last one ends (u64 each, from the file's start), padding to 8; then one record a
// (transform, image), transform-major. A record holds, for all views of its image: logits (f32), embedding and
// projection (halves, where wanted) and feature map (sparse halves, where wanted), padded to 8 bytes. With the map, the
// embedding is not stored: it is the map's average. Beside it knowledge.json says how many records are done.
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
  bool embeddings = false, projection = false, features = false;  // what is wanted besides the logits

  std::int64_t records() const { return static_cast<std::int64_t>(images) * transforms; }
  bool stores_embeddings() const { return embeddings && !features; }
  /// Bytes of a record before its feature maps, whose size depends on their zeros.
  std::int64_t fixed_bytes() const;
  std::int64_t map_size() const { return static_cast<std::int64_t>(map.height) * map.width * map.channels; }
};

/// Everything a cache must agree on with the run that reads it.
struct CacheIdentity {
  std::string teacher_sha256;  // of every teacher, in order
  std::string data_fingerprint;
  int teacher_orientations = 1;
  std::string images_sha256;  // over the ids of the training images, in order
  nlohmann::json augmentation;
  Preprocessing preprocessing;
  std::uint64_t seed = 0;
  CacheLayout layout;
};

/// Floats that a batch is converted into; reused.
struct KnowledgeBuffers {
  std::vector<float> logits, embedding, projection, features;
  std::vector<std::vector<float>> scratch;  // one a thread
};

class KnowledgeCache {
 public:
  /// @throws InputError naming what differs from `wanted`, or saying that the cache is not finished; FormatError for a
  /// file that is damaged or no cache.
  static KnowledgeCache open(const std::filesystem::path& folder, const CacheIdentity& wanted);

  const CacheLayout& layout() const { return layout_; }
  /// The teacher's answers on transform `transform` of the images at these positions, row = image * views + view; the
  /// spans of what is not stored are empty. @throws FormatError for a damaged record.
  TeacherViews read(std::span<const int> positions, int transform, KnowledgeBuffers& buffers) const;

 private:
  KnowledgeCache(MappedFile file, std::string name, CacheLayout layout, std::size_t index);
  std::span<const std::byte> record(std::int64_t number) const;
  bool read_record(std::span<const std::byte> bytes, std::size_t image, std::vector<float>& scratch,
                   KnowledgeBuffers& buffers) const;

  MappedFile file_;
  std::string name_;  // for messages
  CacheLayout layout_;
  std::size_t index_;  // of where the records begin
};

/// Images that the teacher is asked about at a time, whatever the run's batch: an interrupted cache goes on where it
/// was.
inline constexpr int kCacheBatch = 32;

/// Builds the cache in `folder`, or finishes one that was interrupted; does nothing when it is complete.
/// The loader must visit the images in order (no shuffling) by kCacheBatch, with the transforms and views of the
/// layout.
/// @throws InputError as KnowledgeCache::open, FileError when the disk has not enough room, Interrupted after saving
/// how far it came.
void build_knowledge_cache(const std::filesystem::path& folder, const CacheIdentity& identity,
                           std::span<Teacher> teachers, const Backend& backend, Loader& loader,
                           const std::function<bool()>& stop_requested);

}  // namespace dermdistill
