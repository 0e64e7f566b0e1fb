// Trains a head on embeddings of one's own images, an epoch a call: class-balanced cross entropy, a pull toward the
// shipped head, and replay of embeddings drawn from the shipped classes' statistics, so that these are not forgotten.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/head/linear_head.h"
#include "core/learn/embedding_statistics.h"

namespace dermdistill {

struct HeadOptions {
  int epochs = 50;
  double learning_rate = 1e-3;  // of Adam (Kingma and Ba 2015)
  int batch = 64;
  double pull = 0.01;      // times half the squared distance to the shipped head, added to the loss
  double replay = 1.0;     // replayed embeddings an epoch for every training embedding
  double held_out = 0.2;   // share of every class's images
  std::uint64_t seed = 1;  // below 2^53, so that JavaScript can hold it
};

/// @throws InputError naming the option that is out of range.
void check_options(const HeadOptions& options);

/// What a head is trained on. Rows of one image, such as its rotations, have the same number in `images` and the same
/// label; its first row is the image itself, and only that one is held out and scored.
struct HeadData {
  std::span<const float> embeddings;  // [n, channels]
  std::span<const int> labels;        // [n], indices into the new head's classes
  std::span<const int> images;        // [n]
};

struct HeadScore {
  std::int64_t images = 0;
  double loss = 0;  // mean negative log likelihood; a class that the head does not know has probability 1e-7
  double accuracy = 0, balanced_accuracy = 0;
  std::vector<std::optional<double>> sensitivity;    // [classes]; absent for a class without images
  std::vector<std::int64_t> counts;                  // [classes]
  std::vector<std::vector<std::int64_t>> confusion;  // [true class][predicted class]
};

struct HeadScores {
  HeadScore before, after;
};

struct HeadEpoch {
  int epoch = 0;             // 1 after the first
  double training_loss = 0;  // class-weighted, with replay and pull
  std::optional<HeadScore> held_out, replayed;
};

/// Scores a head that may know fewer classes than `classes`: embeddings [n, channels], labels [n].
HeadScore score_head(const LinearHead& head, std::span<const float> embeddings, std::span<const int> labels,
                     int classes, const Backend& backend);

class HeadTrainer {
 public:
  /// `classes`: those of the shipped head in their order, then new ones. Without `statistics` nothing is replayed. All
  /// is copied. @throws InputError for an unknown label, fewer than two classes, labels that differ within an image,
  /// options out of range; ShapeError for sizes that do not fit; NumericError for embeddings that are not finite.
  HeadTrainer(const LinearHead& shipped, const std::vector<std::string>& classes, const HeadData& data,
              const EmbeddingStatistics* statistics, const HeadOptions& options, const Backend& backend);
  ~HeadTrainer();
  HeadTrainer(HeadTrainer&&) noexcept;

  int epoch() const;
  const HeadOptions& options() const;
  const std::vector<std::string>& classes() const;
  const LinearHead& shipped() const;
  const LinearHead& head() const;

  /// @throws InputError when all epochs are done, NumericError when the loss is not finite.
  HeadEpoch train_epoch();

  /// Rows that are held out, ascending: the first one of each held-out image.
  const std::vector<int>& held_out_rows() const;
  /// Images of each class that are trained on, and that are held out.
  std::vector<std::int64_t> training_images() const;
  std::vector<std::int64_t> held_out_images() const;
  /// The shipped head and the present one, on held-out images; absent without any.
  std::optional<HeadScores> held_out_scores() const;
  /// The same on embeddings drawn from the statistics, others than those trained on; absent without statistics.
  std::optional<HeadScores> replay_scores() const;
  /// Fitted on the held-out images where there are at least kLeastTemperatureImages, otherwise `shipped`.
  double temperature(double shipped) const;
  /// Embeddings [n, channels] of a class's images themselves (no rotations), held-out ones included.
  std::vector<float> embeddings_of(int label) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr int kLeastTemperatureImages = 50;

}  // namespace dermdistill
