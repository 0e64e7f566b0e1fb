#include "native/train/knowledge_cache.h"

#include <cstring>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/io/half.h"
#include "native/train/cache_file.h"

namespace dermdistill {
namespace {

/// Converts `count` halves at `from` and returns the place behind them.
const std::byte* take_halves(const std::byte* from, std::size_t count, float* out) {
  from_half(std::span(reinterpret_cast<const std::uint16_t*>(from), count), std::span(out, count));
  return from + count * sizeof(std::uint16_t);
}

}  // namespace

std::int64_t CacheLayout::record_bytes() const {
  const std::int64_t halves = embedding + (projection ? embedding : 0) + (features ? map_size() : 0);
  return views * (classes * 4 + halves * 2);
}

KnowledgeCache::KnowledgeCache(MappedFile file, CacheLayout layout, std::size_t offset)
    : file_(std::move(file)), layout_(layout), offset_(offset) {}

KnowledgeCache KnowledgeCache::open(const std::filesystem::path& folder, const CacheIdentity& wanted) {
  const CacheHeader header = read_cache_header(folder);
  check_cache_identity(folder, header.identity, wanted);
  const std::int64_t done = read_cache_progress(folder);
  const CacheLayout& layout = wanted.layout;
  if (done != layout.records()) {
    throw InputError(
        cache_file(folder).string(),
        "is not finished (" + std::to_string(done) + " of " + std::to_string(layout.records()) + " records)",
        "a cache that was built to its end");
  }
  MappedFile file(cache_file(folder));
  const auto size =
      static_cast<std::size_t>(header.offset) + static_cast<std::size_t>(layout.records() * layout.record_bytes());
  if (file.bytes().size() != size) {
    throw FormatError(cache_file(folder).string(), "has " + std::to_string(file.bytes().size()) + " bytes",
                      std::to_string(size) + "; delete it to have it built again");
  }
  return KnowledgeCache(std::move(file), layout, header.offset);
}

TeacherViews KnowledgeCache::read(std::span<const int> positions, int transform, KnowledgeBuffers& buffers) const {
  const std::size_t rows = positions.size() * static_cast<std::size_t>(layout_.views);
  const auto classes = static_cast<std::size_t>(layout_.classes),
             embedding = static_cast<std::size_t>(layout_.embedding);
  const auto map = static_cast<std::size_t>(layout_.map_size());
  buffers.logits.resize(rows * classes);
  buffers.embedding.resize(rows * embedding);
  if (layout_.projection) buffers.projection.resize(rows * embedding);
  if (layout_.features) buffers.features.resize(rows * map);
  if (transform < 0 || transform >= layout_.transforms) {
    throw Error("knowledge cache", "has no transform " + std::to_string(transform),
                "0 to " + std::to_string(layout_.transforms - 1));
  }
  const auto views = static_cast<std::size_t>(layout_.views);
  parallel_for(static_cast<std::int64_t>(positions.size()), [&](std::int64_t image) {
    const auto i = static_cast<std::size_t>(image);
    const std::int64_t record = static_cast<std::int64_t>(transform) * layout_.images + positions[i];
    const std::byte* from = file_.bytes().data() + offset_ + static_cast<std::size_t>(record * layout_.record_bytes());
    std::memcpy(buffers.logits.data() + i * views * classes, from, views * classes * sizeof(float));
    from += views * classes * sizeof(float);
    from = take_halves(from, views * embedding, buffers.embedding.data() + i * views * embedding);
    if (layout_.projection)
      from = take_halves(from, views * embedding, buffers.projection.data() + i * views * embedding);
    if (layout_.features) take_halves(from, views * map, buffers.features.data() + i * views * map);
  });
  TeacherViews out;
  out.images = static_cast<int>(positions.size());
  out.classes = layout_.classes;
  out.logits = buffers.logits;
  out.embedding = buffers.embedding;
  out.projection = buffers.projection;
  out.features = buffers.features;
  out.height = layout_.map.height;
  out.width = layout_.map.width;
  out.channels = layout_.map.channels;
  return out;
}

}  // namespace dermdistill
