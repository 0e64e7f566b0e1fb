// Batches for training and evaluation, decoded and transformed ahead of time in background threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/image/preprocess.h"
#include "native/data/augment.h"
#include "native/data/dataset.h"

namespace dermdistill {

struct Batch {
  std::vector<int> samples;   // indices into Dataset::samples, one an image
  std::vector<int> labels;    // one an image
  std::vector<float> images;  // [samples.size() * views, size, size, 3]; row = image * views + quarter turn
  std::vector<float> plain;   // the same without what was laid over them; empty unless LoaderConfig::plain_too
  int views = 1;
  int index = 0;       // within its epoch
  int transform = -1;  // the stored transform that all its images were given; -1 without stored transforms
};

struct LoaderConfig {
  int batch = 32;
  int views = 1;  // 4 adds the images turned by 90, 180 and 270 degrees
  bool shuffle = false, augment = false, drop_last = false;
  bool plain_too = false;  // also every image without the augmentation's overlays
  std::uint64_t seed = 0;
  int workers = 1;
  int transforms = 0;  // 0: a fresh transform every epoch; K: epoch e uses stored transform e % K
  int prefetch = 2;    // batches held ready; each takes batch * views * size^2 * 12 bytes
  /// Decoded pictures are kept up to so many bytes, the first that are met, and not decoded again.
  std::int64_t keep_decoded = 0;
  Preprocessing preprocessing;
  AugmentConfig augmentation;
};

/// The seed of transform `transform` of sample `sample`, as given to augment(); a fresh transform is numbered by its
/// epoch.
std::uint64_t transform_seed(std::uint64_t seed, int sample, int transform);

/// The indices in the order in which the epoch visits them.
std::vector<int> epoch_order(std::span<const int> indices, std::uint64_t seed, int epoch);

/// The contents of a batch depend only on (indices, configuration, epoch, batch index), not on workers or timing.
class Loader {
 public:
  /// Copies what it needs of the data set. @throws InputError for no images, fewer than a batch with drop_last, a wrong
  /// option.
  Loader(const Dataset& dataset, std::span<const int> indices, LoaderConfig config);
  ~Loader();  // at any time; waits for at most the image that each worker is at
  Loader(Loader&&) noexcept;
  Loader& operator=(Loader&&) noexcept;

  /// Begins epoch `epoch` at batch `first_batch`, whatever was under way.
  void start_epoch(int epoch, int first_batch = 0);
  /// The epoch's next batch; reuses the storage of `batch`. False at the end of the epoch.
  /// @throws what reading an image threw, naming the file; the epoch is over then.
  bool next(Batch& batch);

  int batches_per_epoch() const;
  int images_per_epoch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermdistill
