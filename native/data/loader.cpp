#include "native/data/loader.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/image.h"
#include "native/base/files.h"

namespace dermdistill {
namespace {

constexpr std::uint64_t kOrderStream = 0x6F72646572;  // keeps the order's seeds apart from the transforms'

struct Source {
  int sample = 0, label = 0;
  std::filesystem::path file;
};

void check(const LoaderConfig& config, std::size_t images) {
  const auto at_least_one = [](int value, const char* name) {
    if (value < 1) throw InputError(name, "is " + std::to_string(value), "at least 1");
  };
  at_least_one(config.batch, "the batch size");
  at_least_one(config.workers, "the number of loader workers");
  at_least_one(config.prefetch, "the number of prefetched batches");
  at_least_one(config.preprocessing.size, "the image size");
  if (config.views != 1 && config.views != 4)
    throw InputError("the number of views", "is " + std::to_string(config.views), "1 or 4");
  if (config.transforms < 0)
    throw InputError("the number of stored transforms", "is " + std::to_string(config.transforms), "at least 0");
  if (images == 0) throw InputError("the loader", "was given no images", "at least one");
  if (config.drop_last && images < static_cast<std::size_t>(config.batch)) {
    throw InputError("the loader", "was given " + std::to_string(images) + " images",
                     "at least a batch of " + std::to_string(config.batch));
  }
}

}  // namespace

std::uint64_t transform_seed(std::uint64_t seed, int sample, int transform) {
  return mix_seed(seed, static_cast<std::uint64_t>(sample), static_cast<std::uint64_t>(transform));
}

std::vector<int> epoch_order(std::span<const int> indices, std::uint64_t seed, int epoch) {
  std::vector<int> order(indices.begin(), indices.end());
  Random random(mix_seed(seed, kOrderStream, static_cast<std::uint64_t>(epoch)));
  random.shuffle(std::span<int>(order));
  return order;
}

struct Loader::State {
  /// A batch that is ready, or why it is not.
  struct Result {
    Batch batch;
    std::exception_ptr error;
  };

  State(const Dataset& dataset, std::span<const int> indices, const LoaderConfig& given) : config(given) {
    check(config, indices.size());
    for (const int index : indices) {
      const Sample& sample = dataset.samples.at(static_cast<std::size_t>(index));
      sources.push_back({index, sample.label, sample.file});
    }
    decoded.resize(dataset.samples.size());
    const auto batch = static_cast<std::size_t>(config.batch);
    batches = static_cast<int>(config.drop_last ? sources.size() / batch : (sources.size() + batch - 1) / batch);
    to_make = to_give = batches;
    for (int i = 0; i < config.workers; ++i) workers.emplace_back([this] { work(); });
  }

  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      ++generation;
    }
    may_make.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  std::vector<int> positions(int index) const {
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(index) * config.batch;
    return {first, first + std::min<std::ptrdiff_t>(config.batch, order.end() - first)};
  }

  /// A worker's life: takes the next batch that nobody makes yet, as long as few enough wait.
  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      may_make.wait(lock, [this] {
        return stopping || (to_make < batches && to_make < to_give + std::max(config.prefetch, config.workers));
      });
      if (stopping) return;
      const std::uint64_t mine = generation;
      const int index = to_make++, current_epoch = epoch;
      const std::vector<int> chosen = positions(index);
      Result result;
      if (!spare.empty()) {
        result.batch = std::move(spare.back());
        spare.pop_back();
      }
      lock.unlock();
      try {
        fill(result.batch, index, chosen, current_epoch, mine);
      } catch (...) {
        result.error = std::current_exception();
      }
      lock.lock();
      if (generation == mine) {
        ready.emplace(index, std::move(result));
        is_ready.notify_all();
      } else {
        spare.push_back(std::move(result.batch));
      }
    }
  }

  /// The decoded picture, from memory where it was kept.
  std::shared_ptr<const Image> picture(const Source& source) {
    std::shared_ptr<const Image>& place = decoded[static_cast<std::size_t>(source.sample)];
    {
      const std::lock_guard lock(decoded_mutex);
      if (place) return place;
    }
    auto image = std::make_shared<const Image>(decode_image(read_file(source.file), source.file.string()));
    const auto bytes = static_cast<std::int64_t>(image->rgb.size());
    const std::lock_guard lock(decoded_mutex);
    if (!place && kept_bytes + bytes <= config.keep_decoded) {
      place = image;
      kept_bytes += bytes;
    }
    return image;
  }

  /// rows [views, size, size, 3]: the transformed picture, then its quarter turns.
  void render(const Image& image, const AugmentConfig& augmentation, const AugmentSeeds& seeds,
              std::span<float> rows) const {
    const auto values = rows.size() / static_cast<std::size_t>(config.views);
    augment(image, augmentation, config.preprocessing, seeds, rows.first(values));
    for (int view = 1; view < config.views; ++view) {
      rotate_view(rows.first(values), config.preprocessing.size, view,
                  rows.subspan(static_cast<std::size_t>(view) * values, values));
    }
  }

  /// Gives up early when the epoch it belongs to is over.
  void fill(Batch& batch, int index, const std::vector<int>& chosen, int current_epoch, std::uint64_t mine) {
    const auto size = static_cast<std::size_t>(config.preprocessing.size),
               views = static_cast<std::size_t>(config.views);
    const std::size_t values = size * size * 3;
    AugmentConfig augmentation = config.augmentation;
    augmentation.enabled = augmentation.enabled && config.augment;
    batch.views = config.views;
    batch.index = index;
    batch.transform = config.transforms > 0 ? current_epoch % config.transforms : -1;
    batch.samples.clear();
    batch.labels.clear();
    batch.images.resize(chosen.size() * views * values);
    batch.plain.resize(config.plain_too ? batch.images.size() : 0);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (generation != mine) return;
      const Source& source = sources[static_cast<std::size_t>(chosen[i])];
      const std::span<float> rows = std::span(batch.images).subspan(i * views * values, views * values);
      const std::shared_ptr<const Image> image = picture(source);
      const int transform = batch.transform >= 0 ? batch.transform : current_epoch;
      // Overlays are fresh in every epoch, also over stored transforms: no teacher's answer depends on them.
      const AugmentSeeds seeds{transform_seed(config.seed, source.sample, transform),
                               transform_seed(config.seed, source.sample, current_epoch)};
      render(*image, augmentation, seeds, rows);
      if (config.plain_too) {
        render(*image, without_overlays(augmentation), seeds,
               std::span(batch.plain).subspan(i * views * values, views * values));
      }
      batch.samples.push_back(source.sample);
      batch.labels.push_back(source.label);
    }
  }

  void start(int new_epoch, int first_batch) {
    if (new_epoch < 0 || first_batch < 0 || first_batch > batches) {
      throw InputError("batch " + std::to_string(first_batch) + " of epoch " + std::to_string(new_epoch),
                       "does not exist", "an epoch from 0 and a batch from 0 to " + std::to_string(batches));
    }
    {
      const std::lock_guard lock(mutex);
      discard();
      epoch = new_epoch;
      order.resize(sources.size());
      std::iota(order.begin(), order.end(), 0);
      if (config.shuffle) order = epoch_order(order, config.seed, epoch);
      to_make = to_give = first_batch;
    }
    may_make.notify_all();
  }

  bool next(Batch& batch) {
    std::unique_lock lock(mutex);
    if (to_give >= batches) return false;
    is_ready.wait(lock, [this] { return ready.count(to_give) != 0; });
    const auto place = ready.find(to_give);
    Result result = std::move(place->second);
    ready.erase(place);
    if (result.error) {
      discard();
      to_make = to_give = batches;
      std::rethrow_exception(result.error);
    }
    ++to_give;
    std::swap(batch, result.batch);
    spare.push_back(std::move(result.batch));
    lock.unlock();
    may_make.notify_all();
    return true;
  }

  /// Forgets what was made or is being made. The mutex must be held.
  void discard() {
    ++generation;
    for (auto& [index, result] : ready) spare.push_back(std::move(result.batch));
    ready.clear();
  }

  const LoaderConfig config;
  std::vector<Source> sources;
  int batches = 0;
  std::mutex mutex;
  std::condition_variable may_make, is_ready;
  std::atomic<std::uint64_t> generation{0};  // changes when the work under way has become useless
  bool stopping = false;
  int epoch = 0, to_make = 0, to_give = 0;
  std::vector<int> order;       // positions in `sources`
  std::map<int, Result> ready;  // by batch index
  std::vector<Batch> spare;     // storage to be used again
  std::mutex decoded_mutex;
  std::vector<std::shared_ptr<const Image>> decoded;  // a sample: its picture, where it was kept
  std::int64_t kept_bytes = 0;
  std::vector<std::thread> workers;
};

Loader::Loader(const Dataset& dataset, std::span<const int> indices, LoaderConfig config)
    : state_(std::make_unique<State>(dataset, indices, config)) {}
Loader::~Loader() = default;
Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;

void Loader::start_epoch(int epoch, int first_batch) { state_->start(epoch, first_batch); }
bool Loader::next(Batch& batch) { return state_->next(batch); }
int Loader::batches_per_epoch() const { return state_->batches; }
int Loader::images_per_epoch() const {
  const auto images = static_cast<int>(state_->sources.size());
  return state_->config.drop_last ? state_->batches * state_->config.batch : images;
}

}  // namespace dermdistill
