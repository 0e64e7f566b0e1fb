#include "native/train/knowledge_cache.h"

#include <atomic>
#include <cstring>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/io/half.h"
#include "native/train/cache_file.h"
#include "native/train/sparse_halves.h"

namespace dermdistill {
namespace {

/// Converts `count` halves at `from` and returns the place behind them.
const std::byte* take_halves(const std::byte* from, std::size_t count, float* out) {
  from_half(std::span(reinterpret_cast<const std::uint16_t*>(from), count), std::span(out, count));
  return from + count * sizeof(std::uint16_t);
}

/// means [views, channels] of maps [views, positions, channels].
void average_maps(const float* maps, std::size_t views, std::size_t positions, std::size_t channels, float* means) {
  const float share = 1.0F / static_cast<float>(positions);
  for (std::size_t view = 0; view < views; ++view, means += channels) {
    std::copy_n(maps, channels, means);
    maps += channels;
    for (std::size_t p = 1; p < positions; ++p, maps += channels) {
      for (std::size_t c = 0; c < channels; ++c) means[c] += maps[c];
    }
    for (std::size_t c = 0; c < channels; ++c) means[c] *= share;
  }
}

}  // namespace

std::int64_t CacheLayout::fixed_bytes() const {
  const std::int64_t halves = (stores_embeddings() ? embedding : 0) + (projection ? embedding : 0);
  return views * (classes * 4 + halves * 2);
}

KnowledgeCache::KnowledgeCache(MappedFile file, std::string name, CacheLayout layout, std::size_t index)
    : file_(std::move(file)), name_(std::move(name)), layout_(layout), index_(index) {}

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
  // Every record must lie behind the one before, and the last must end with the file.
  std::uint64_t end = records_begin(header, layout);
  bool whole = file.bytes().size() >= end;
  for (std::int64_t record = 0; whole && record <= layout.records(); ++record) {
    const std::uint64_t place = record_place(file.bytes(), header, record);
    const auto least = record == 0 ? 0 : static_cast<std::uint64_t>(layout.fixed_bytes());
    whole = place >= end + least && place <= file.bytes().size() && (record > 0 || place == end);
    end = place;
  }
  if (!whole || end != file.bytes().size()) {
    throw FormatError(cache_file(folder).string(), "has " + std::to_string(file.bytes().size()) + " bytes",
                      "the records that its index tells of; delete it to have it built again");
  }
  return KnowledgeCache(std::move(file), cache_file(folder).string(), layout, header.offset);
}

std::span<const std::byte> KnowledgeCache::record(std::int64_t number) const {
  const CacheHeader header{{}, index_};
  const std::uint64_t first = record_place(file_.bytes(), header, number),
                      last = record_place(file_.bytes(), header, number + 1);
  return file_.bytes().subspan(first, last - first);
}

bool KnowledgeCache::read_record(std::span<const std::byte> bytes, std::size_t image, std::vector<float>& scratch,
                                 KnowledgeBuffers& buffers) const {
  const auto views = static_cast<std::size_t>(layout_.views), classes = static_cast<std::size_t>(layout_.classes),
             embedding = static_cast<std::size_t>(layout_.embedding);
  const std::byte* from = bytes.data();
  std::memcpy(buffers.logits.data() + image * views * classes, from, views * classes * sizeof(float));
  from += views * classes * sizeof(float);
  float* means = buffers.embedding.data() + image * views * embedding;
  if (layout_.stores_embeddings()) from = take_halves(from, views * embedding, means);
  if (layout_.projection)
    from = take_halves(from, views * embedding, buffers.projection.data() + image * views * embedding);
  if (!layout_.features) return true;
  const auto size = views * static_cast<std::size_t>(layout_.map_size());
  float* maps = buffers.features.data() + image * size;
  const auto rest = bytes.subspan(static_cast<std::size_t>(from - bytes.data()));
  if (!read_sparse_halves(rest, std::span(maps, size), scratch)) return false;
  const auto channels = static_cast<std::size_t>(layout_.map.channels);
  if (layout_.embeddings) average_maps(maps, views, size / views / channels, channels, means);
  return true;
}

TeacherViews KnowledgeCache::read(std::span<const int> positions, int transform, KnowledgeBuffers& buffers) const {
  const std::size_t rows = positions.size() * static_cast<std::size_t>(layout_.views);
  const auto embedding = static_cast<std::size_t>(layout_.embedding);
  buffers.logits.resize(rows * static_cast<std::size_t>(layout_.classes));
  buffers.embedding.resize(layout_.embeddings ? rows * embedding : 0);
  buffers.projection.resize(layout_.projection ? rows * embedding : 0);
  buffers.features.resize(layout_.features ? rows * static_cast<std::size_t>(layout_.map_size()) : 0);
  buffers.scratch.resize(static_cast<std::size_t>(thread_count()));
  if (transform < 0 || transform >= layout_.transforms) {
    throw Error("knowledge cache", "has no transform " + std::to_string(transform),
                "0 to " + std::to_string(layout_.transforms - 1));
  }
  std::atomic<bool> damaged{false};
  parallel_parts([&](int part, int parts) {
    const auto [first, last] = slice_of(static_cast<std::int64_t>(positions.size()), part, parts);
    for (std::int64_t image = first; image < last; ++image) {
      const auto i = static_cast<std::size_t>(image);
      const std::int64_t number = static_cast<std::int64_t>(transform) * layout_.images + positions[i];
      if (!read_record(record(number), i, buffers.scratch[static_cast<std::size_t>(part)], buffers)) damaged = true;
    }
  });
  if (damaged) throw FormatError(name_, "holds a damaged record", "delete it to have it built again");
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
