#include "core/head/head_trainer.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/index.h"
#include "core/head/head_split.h"
#include "core/learn/temperature.h"

namespace dermdistill {
namespace {

constexpr double kFirstMoment = 0.9, kSecondMoment = 0.999, kEpsilon = 1e-8;
constexpr int kScoredReplays = 50;  // a class, for the figures
constexpr std::uint64_t kSplitStream = 1, kOrderStream = 2, kReplayStream = 3, kScoreStream = 4;

struct Rows {
  std::vector<float> embeddings;  // [n, channels]
  std::vector<int> labels;
};

}  // namespace

void check_options(const HeadOptions& options) {
  const auto require = [](bool holds, const char* option, const std::string& value, const char* expected) {
    if (!holds) throw InputError(option, "it is " + value, expected);
  };
  require(options.epochs >= 1 && options.epochs <= 10'000, "epochs", std::to_string(options.epochs), "1 to 10000");
  require(options.learning_rate > 0 && options.learning_rate <= 1, "learning rate",
          std::to_string(options.learning_rate), "above 0, at most 1");
  require(options.batch >= 1 && options.batch <= 65'536, "batch", std::to_string(options.batch), "1 to 65536");
  require(options.pull >= 0 && options.pull <= 1e6, "pull", std::to_string(options.pull), "0 to 1000000");
  require(options.replay >= 0 && options.replay <= 100, "replay", std::to_string(options.replay), "0 to 100");
  require(options.held_out >= 0 && options.held_out <= 0.9, "held-out share", std::to_string(options.held_out),
          "0 to 0.9");
  require(options.seed < (std::uint64_t{1} << 53), "seed", std::to_string(options.seed), "a whole number below 2^53");
}

struct HeadTrainer::State {
  HeadOptions options;
  std::vector<std::string> classes;
  const Backend& backend;
  LinearHead shipped, anchor, head;  // the anchor is the shipped head with zeros for new classes
  std::vector<float> embeddings;     // all rows
  std::vector<int> labels;
  HeadSplit split;
  Rows held_out, scored_replays;
  std::optional<EmbeddingStatistics> statistics;
  std::vector<int> replayed_classes;
  std::vector<float> class_weights;
  std::vector<double> first, second;  // moments of weight and bias, one behind the other
  std::int64_t steps = 0;
  int epoch = 0;

  std::size_t channels() const { return at(shipped.channels); }
  std::span<const float> row(int index) const {
    return std::span<const float>(embeddings).subspan(at(index) * channels(), channels());
  }
  Rows rows_of(const std::vector<int>& indices) const {
    Rows rows;
    rows.embeddings.reserve(indices.size() * channels());
    for (const int index : indices) {
      const auto values = row(index);
      rows.embeddings.insert(rows.embeddings.end(), values.begin(), values.end());
      rows.labels.push_back(labels[at(index)]);
    }
    return rows;
  }
  double step(const Rows& batch, std::span<const float> weights);
  void update(std::span<const float> gradient);
};

/// One step on rows with a weight each; the loss before it.
double HeadTrainer::State::step(const Rows& batch, std::span<const float> weights) {
  const std::size_t n = batch.labels.size(), k = at(head.classes);
  std::vector<float> slope = head_logits(head, batch.embeddings, backend);
  double loss = 0, total = 0;
  for (const float weight : weights) total += static_cast<double>(weight);
  for (std::size_t i = 0; i < n; ++i) {
    float* values = &slope[i * k];
    const double highest = static_cast<double>(*std::max_element(values, values + k));
    const auto label = at(batch.labels[i]);
    const double share = static_cast<double>(weights[i]) / total;
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c) sum += std::exp(static_cast<double>(values[c]) - highest);
    loss += share * (std::log(sum) + highest - static_cast<double>(values[label]));
    for (std::size_t c = 0; c < k; ++c) {
      const double probability = std::exp(static_cast<double>(values[c]) - highest) / sum;
      values[c] = static_cast<float>(share * (probability - (c == label ? 1.0 : 0.0)));
    }
  }
  std::vector<float> gradient(head.weight.size() + head.bias.size(), 0.0F);
  const auto weight_gradient = std::span<float>(gradient).first(head.weight.size());
  backend.gemm(true, false, head.classes, head.channels, static_cast<std::int64_t>(n), slope, batch.embeddings, 0.0F,
               weight_gradient);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < k; ++c) gradient[head.weight.size() + c] += slope[i * k + c];

  double distance = 0;
  const auto pull = static_cast<float>(options.pull);
  for (std::size_t i = 0; i < head.weight.size(); ++i) {
    const float away = head.weight[i] - anchor.weight[i];
    gradient[i] += pull * away;
    distance += static_cast<double>(away) * static_cast<double>(away);
  }
  for (std::size_t c = 0; c < k; ++c) {
    const float away = head.bias[c] - anchor.bias[c];
    gradient[head.weight.size() + c] += pull * away;
    distance += static_cast<double>(away) * static_cast<double>(away);
  }
  update(gradient);
  return loss + 0.5 * options.pull * distance;
}

void HeadTrainer::State::update(std::span<const float> gradient) {
  ++steps;
  const double correction_1 = 1.0 - std::pow(kFirstMoment, static_cast<double>(steps));
  const double correction_2 = 1.0 - std::pow(kSecondMoment, static_cast<double>(steps));
  const double rate = options.learning_rate / correction_1, inverse = 1.0 / correction_2;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double slope = static_cast<double>(gradient[i]);
    first[i] = kFirstMoment * first[i] + (1.0 - kFirstMoment) * slope;
    second[i] = kSecondMoment * second[i] + (1.0 - kSecondMoment) * slope * slope;
    float& value = i < head.weight.size() ? head.weight[i] : head.bias[i - head.weight.size()];
    value =
        static_cast<float>(static_cast<double>(value) - rate * first[i] / (std::sqrt(second[i] * inverse) + kEpsilon));
  }
}

HeadTrainer::HeadTrainer(const LinearHead& shipped, const std::vector<std::string>& classes, const HeadData& data,
                         const EmbeddingStatistics* statistics, const HeadOptions& options, const Backend& backend)
    : state_(new State{options, classes, backend, shipped, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}) {
  State& state = *state_;
  check_options(options);
  check_head(shipped, "the shipped model");
  const auto count = static_cast<int>(classes.size());
  if (count < 2 || count < shipped.classes)
    throw InputError("classes of the head", "there are " + std::to_string(count),
                     "at least two, and the shipped " + std::to_string(shipped.classes) + " first");
  const std::size_t n = data.labels.size();
  if (data.images.size() != n || data.embeddings.size() != n * state.channels())
    throw ShapeError("embeddings",
                     std::to_string(data.embeddings.size()) + " values for " + std::to_string(n) + " labels and " +
                         std::to_string(data.images.size()) + " image numbers",
                     std::to_string(shipped.channels) + " values and one number for each label");
  if (n == 0) throw InputError("training images", "there are none", "at least one");
  for (const int label : data.labels)
    if (label < 0 || label >= count)
      throw InputError("label " + std::to_string(label), "is unknown", "0 to " + std::to_string(count - 1));
  if (!std::all_of(data.embeddings.begin(), data.embeddings.end(), [](float value) { return std::isfinite(value); }))
    throw NumericError("embeddings", "a value is not finite", "finite numbers");
  if (statistics && (statistics->channels != shipped.channels || at(shipped.classes) > statistics->classes.size()))
    throw ShapeError("embedding statistics",
                     "of " + std::to_string(statistics->classes.size()) + " classes with " +
                         std::to_string(statistics->channels) + " channels",
                     "the model's");

  state.embeddings.assign(data.embeddings.begin(), data.embeddings.end());
  state.labels.assign(data.labels.begin(), data.labels.end());
  state.split = split_images(state.labels, data.images, count, options.held_out, mix_seed(options.seed, kSplitStream));
  state.held_out = state.rows_of(state.split.held_out);

  state.anchor = shipped;
  state.anchor.classes = count;
  state.anchor.weight.resize(at(count) * state.channels(), 0.0F);
  state.anchor.bias.resize(at(count), *std::min_element(shipped.bias.begin(), shipped.bias.end()));
  state.head = state.anchor;
  state.first.assign(state.head.weight.size() + state.head.bias.size(), 0.0);
  state.second = state.first;

  std::vector<std::int64_t> rows(classes.size(), 0);
  for (const int row : state.split.train) ++rows[at(state.labels[at(row)])];
  const auto present = std::count_if(rows.begin(), rows.end(), [](std::int64_t value) { return value > 0; });
  for (const std::int64_t value : rows)
    state.class_weights.push_back(value == 0 ? 0.0F
                                             : static_cast<float>(static_cast<double>(state.split.train.size()) /
                                                                  static_cast<double>(value * present)));
  if (!statistics) return;
  state.statistics = *statistics;
  for (int label = 0; label < shipped.classes; ++label)
    if (statistics->counts[at(label)] > 0) state.replayed_classes.push_back(label);
  Random random(options.seed, kScoreStream);
  state.scored_replays.embeddings.resize(state.replayed_classes.size() * kScoredReplays * state.channels());
  for (std::size_t i = 0; i < state.replayed_classes.size() * kScoredReplays; ++i) {
    state.scored_replays.labels.push_back(state.replayed_classes[i / kScoredReplays]);
    sample_embedding(*statistics, state.scored_replays.labels.back(), random,
                     std::span<float>(state.scored_replays.embeddings).subspan(i * state.channels(), state.channels()));
  }
}

HeadTrainer::~HeadTrainer() = default;
HeadTrainer::HeadTrainer(HeadTrainer&&) noexcept = default;

int HeadTrainer::epoch() const { return state_->epoch; }
const HeadOptions& HeadTrainer::options() const { return state_->options; }
const std::vector<std::string>& HeadTrainer::classes() const { return state_->classes; }
const LinearHead& HeadTrainer::shipped() const { return state_->shipped; }
const LinearHead& HeadTrainer::head() const { return state_->head; }
const std::vector<int>& HeadTrainer::held_out_rows() const { return state_->split.held_out; }

HeadEpoch HeadTrainer::train_epoch() {
  State& state = *state_;
  if (state.epoch >= state.options.epochs)
    throw InputError("training", "all " + std::to_string(state.options.epochs) + " epochs are done", "a new one");
  std::vector<int> order = state.split.train;
  Random shuffler(mix_seed(state.options.seed, at(state.epoch)), kOrderStream);
  shuffler.shuffle(std::span<int>(order));
  Random replayer(mix_seed(state.options.seed, at(state.epoch)), kReplayStream);

  HeadEpoch report;
  std::size_t replayed = 0, batches = 0;
  for (std::size_t first = 0; first < order.size(); first += at(state.options.batch), ++batches) {
    const std::size_t last = std::min(first + at(state.options.batch), order.size());
    Rows batch = state.rows_of(
        {order.begin() + static_cast<std::ptrdiff_t>(first), order.begin() + static_cast<std::ptrdiff_t>(last)});
    std::vector<float> weights;
    for (const int label : batch.labels) weights.push_back(state.class_weights[at(label)]);
    // Classes take turns, so that every shipped class is replayed equally often.
    const std::size_t wanted = state.replayed_classes.empty()
                                   ? 0
                                   : static_cast<std::size_t>(state.options.replay * static_cast<double>(last) + 0.5);
    for (; replayed < wanted; ++replayed) {
      batch.labels.push_back(state.replayed_classes[replayed % state.replayed_classes.size()]);
      weights.push_back(1.0F);
      batch.embeddings.resize(batch.embeddings.size() + state.channels());
      sample_embedding(*state.statistics, batch.labels.back(), replayer,
                       std::span<float>(batch.embeddings).last(state.channels()));
    }
    const double loss = state.step(batch, weights);
    if (!std::isfinite(loss)) throw NumericError("training loss", "it is not finite", "a smaller learning rate");
    report.training_loss += loss;
  }
  report.training_loss /= static_cast<double>(std::max<std::size_t>(batches, 1));
  report.epoch = ++state.epoch;
  const int count = state.head.classes;
  if (!state.held_out.labels.empty())
    report.held_out = score_head(state.head, state.held_out.embeddings, state.held_out.labels, count, state.backend);
  if (!state.scored_replays.labels.empty())
    report.replayed =
        score_head(state.head, state.scored_replays.embeddings, state.scored_replays.labels, count, state.backend);
  return report;
}

std::vector<std::int64_t> HeadTrainer::held_out_images() const {
  std::vector<std::int64_t> counts(state_->classes.size(), 0);
  for (const int label : state_->held_out.labels) ++counts[at(label)];
  return counts;
}

std::vector<std::int64_t> HeadTrainer::training_images() const {
  std::vector<std::int64_t> counts(state_->classes.size(), 0);
  for (const int row : state_->split.first) ++counts[at(state_->labels[at(row)])];
  const std::vector<std::int64_t> held_out = held_out_images();
  for (std::size_t label = 0; label < counts.size(); ++label) counts[label] -= held_out[label];
  return counts;
}

std::optional<HeadScores> HeadTrainer::held_out_scores() const {
  const State& state = *state_;
  if (state.held_out.labels.empty()) return std::nullopt;
  const auto score = [&](const LinearHead& head) {
    return score_head(head, state.held_out.embeddings, state.held_out.labels, state.head.classes, state.backend);
  };
  return HeadScores{score(state.shipped), score(state.head)};
}

std::optional<HeadScores> HeadTrainer::replay_scores() const {
  const State& state = *state_;
  if (state.scored_replays.labels.empty()) return std::nullopt;
  const auto score = [&](const LinearHead& head) {
    return score_head(head, state.scored_replays.embeddings, state.scored_replays.labels, state.head.classes,
                      state.backend);
  };
  return HeadScores{score(state.shipped), score(state.head)};
}

double HeadTrainer::temperature(double shipped) const {
  const State& state = *state_;
  if (state.held_out.labels.size() < at(kLeastTemperatureImages)) return shipped;
  return fit_temperature(head_logits(state.head, state.held_out.embeddings, state.backend), state.held_out.labels,
                         state.head.classes);
}

std::vector<float> HeadTrainer::embeddings_of(int label) const {
  std::vector<int> rows;
  for (const int row : state_->split.first)
    if (state_->labels[at(row)] == label) rows.push_back(row);
  return state_->rows_of(rows).embeddings;
}

}  // namespace dermdistill
