// Asks the teacher about every stored transform of every image; what build_knowledge_cache of knowledge_cache.h does.
#include <chrono>
#include <cmath>
#include <cstdio>

#include "core/base/error.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/train/cache_file.h"
#include "native/train/ensemble_pass.h"
#include "native/train/knowledge_cache.h"

namespace dermdistill {
namespace {

constexpr auto kFlushInterval = std::chrono::seconds(20);

void check_range(const TeacherViews& views) {
  for (const std::span<const float> values : {views.logits, views.embedding, views.projection}) {
    for (const float value : values) {
      // A half ends at 65504; beyond it the cache would hold infinities.
      if (!(std::abs(value) <= 65504.0F)) {
        throw NumericError("the teacher's answer", "is not finite or too large for half precision",
                           "a teacher in working order");
      }
    }
  }
}

}  // namespace

void build_knowledge_cache(const std::filesystem::path& folder, const CacheIdentity& identity,
                           std::span<Teacher> teachers, const Backend& backend, Loader& loader,
                           const std::function<bool()>& stop_requested) {
  const CacheLayout& layout = identity.layout;
  std::filesystem::create_directories(folder);
  CacheWriter writer(folder, identity);
  if (writer.done() == layout.records()) return;
  EnsemblePass pass(teachers, backend, kCacheBatch * layout.views, identity.preprocessing.size,
                    identity.teacher_orientations);
  Progress progress("knowledge cache", layout.records(), "records", writer.done());
  auto flushed = std::chrono::steady_clock::now();
  Batch views;
  while (writer.done() < layout.records()) {
    const auto transform = static_cast<int>(writer.done() / layout.images);
    // A batch is begun again as a whole, so that it starts where the loader's batches do.
    const auto first = static_cast<int>(writer.done() % layout.images) / kCacheBatch;
    const std::int64_t known = writer.done() % layout.images - static_cast<std::int64_t>(first) * kCacheBatch;
    if (known != 0) throw FormatError(cache_progress(folder).string(), "stands within a batch", "delete the cache");
    loader.start_epoch(transform, first);
    while (loader.next(views)) {
      const auto images = static_cast<int>(views.samples.size());
      const TeacherViews answers = pass.forward(views.images, images, images * layout.views, layout.projection);
      check_range(answers);
      writer.append(answers);
      progress.advance(images);
      const bool stop = stop_requested && stop_requested();
      if (stop || std::chrono::steady_clock::now() - flushed > kFlushInterval) {
        writer.flush();
        flushed = std::chrono::steady_clock::now();
      }
      if (stop)
        throw Interrupted("stopped within the knowledge cache after " + std::to_string(writer.done()) + " of " +
                          std::to_string(layout.records()) +
                          " records and saved; the same command with --resume goes on");
    }
  }
  writer.flush();
  progress.finish();
  std::fprintf(stderr, "knowledge cache: %lld records of %.1f kB on average, %.1f MB in %s\n",
               static_cast<long long>(layout.records()),
               static_cast<double>(writer.bytes()) / 1e3 / static_cast<double>(layout.records()),
               static_cast<double>(writer.bytes()) / 1e6, folder.c_str());
}

}  // namespace dermdistill
