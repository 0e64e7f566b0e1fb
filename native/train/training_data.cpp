#include "native/train/training_data.h"

#include <algorithm>
#include <cmath>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/learn/class_weights.h"
#include "native/base/sha256.h"

namespace dermdistill {

TrainingData open_training_data(RunConfig& config) {
  TrainingData data;
  data.dataset = load_dataset(config.data.folder);
  warn_of_incomplete_rows(data.dataset);
  const std::string fingerprint = data.dataset.fingerprint();
  if (config.data.fingerprint.empty()) {
    config.data.fingerprint = fingerprint;
    config.network.classes = static_cast<int>(data.dataset.classes.size());
  } else if (config.data.fingerprint != fingerprint) {
    throw InputError(config.data.folder.string(), "is another data set than the run was started with",
                     "fingerprint " + config.data.fingerprint + ", found " + fingerprint);
  }
  const Split split = split_dataset(data.dataset, config.data.split);
  data.train = limited(data.dataset, split.train, config.data.limit, config.data.split.seed);
  data.validation = split.validation;
  const std::vector<std::int64_t> counts = counts_of(data.dataset, data.train);
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] == 0) {
      throw InputError(config.data.folder.string(), "class " + data.dataset.classes[label] + " has no training image",
                       "at least one image of every class");
    }
  }
  data.class_weights = class_weights(counts, config.class_weight_power);
  const auto images = static_cast<int>(data.train.size());
  if (images < config.training.batch) {
    throw InputError("--batch",
                     "is " + std::to_string(config.training.batch) + " but there are only " + std::to_string(images) +
                         " training images",
                     "at most " + std::to_string(images));
  }
  return data;
}

std::vector<int> limited(const Dataset& dataset, std::span<const int> indices, int limit, std::uint64_t seed) {
  if (limit <= 0 || static_cast<std::size_t>(limit) >= indices.size()) return {indices.begin(), indices.end()};
  std::vector<std::vector<int>> by_class(dataset.classes.size());
  for (const int index : indices)
    by_class[static_cast<std::size_t>(dataset.samples[static_cast<std::size_t>(index)].label)].push_back(index);
  Random random(seed, 0x11417);
  std::vector<int> kept;
  double carried = 0;  // what rounding one class left over goes to the next
  for (auto& group : by_class) {
    if (group.empty()) continue;
    const double share =
        static_cast<double>(limit) * static_cast<double>(group.size()) / static_cast<double>(indices.size()) + carried;
    const auto count = std::clamp<std::int64_t>(std::llround(share), 1, static_cast<std::int64_t>(group.size()));
    carried = share - static_cast<double>(count);
    random.shuffle(std::span(group));
    kept.insert(kept.end(), group.begin(), group.begin() + count);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

std::string ids_sha256(const Dataset& dataset, std::span<const int> indices) {
  Sha256 hash;
  for (const int index : indices) hash.add(dataset.samples[static_cast<std::size_t>(index)].id).add("\n");
  return hash.finish();
}

std::int64_t decoded_budget() {
  return static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE) / 8;
}

int loader_workers(int threads) { return std::max(1, threads / 2); }

}  // namespace dermdistill
