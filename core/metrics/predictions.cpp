#include "core/metrics/predictions.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr double kSumTolerance = 1e-3;  // float softmax over a few hundred classes stays well within it

std::string image_name(const Predictions& predictions, std::size_t image) {
  if (image < predictions.image_ids.size()) return "prediction of image " + predictions.image_ids[image];
  return "prediction " + std::to_string(image);
}

void check_size(std::string_view what, std::size_t size, std::size_t expected) {
  if (size == expected) return;
  throw InputError("predictions", std::to_string(size) + " " + std::string(what), std::to_string(expected));
}

void check_row(const Predictions& predictions, std::size_t image) {
  const std::size_t classes = predictions.classes.size();
  double sum = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    const double p = predictions.probabilities[image * classes + c];
    if (!std::isfinite(p)) {
      throw NumericError(image_name(predictions, image),
                         "the probability of " + predictions.classes[c] + " is not finite", "numbers from 0 to 1");
    }
    if (p < 0 || p > 1 + kSumTolerance) {
      throw InputError(image_name(predictions, image),
                       "the probability of " + predictions.classes[c] + " is " + std::to_string(p),
                       "a number from 0 to 1 (softmax of the logits)");
    }
    sum += p;
  }
  if (std::abs(sum - 1) > kSumTolerance) {
    throw InputError(image_name(predictions, image), "the probabilities sum to " + std::to_string(sum),
                     "1 (softmax of the logits)");
  }
}

}  // namespace

void check_predictions(const Predictions& predictions) {
  const std::size_t images = predictions.labels.size();
  const std::size_t classes = predictions.classes.size();
  if (classes == 0) throw InputError("predictions", "no classes", "at least one");
  if (images == 0) throw InputError("predictions", "no images", "at least one");
  check_size("probabilities", predictions.probabilities.size(), images * classes);
  if (!predictions.image_ids.empty()) check_size("image ids", predictions.image_ids.size(), images);
  if (!predictions.groups.empty()) check_size("groups", predictions.groups.size(), images);
  for (std::size_t i = 0; i < images; ++i) {
    const int label = predictions.labels[i];
    if (label < 0 || label >= static_cast<int>(classes)) {
      throw InputError(image_name(predictions, i), "label " + std::to_string(label),
                       "0 to " + std::to_string(classes - 1));
    }
    check_row(predictions, i);
  }
}

int class_index(std::span<const std::string> classes, std::string_view name) {
  const auto found = std::find(classes.begin(), classes.end(), name);
  return found == classes.end() ? -1 : static_cast<int>(found - classes.begin());
}

std::vector<int> predicted_classes(std::span<const float> scores, int classes) {
  if (classes < 1 || scores.size() % static_cast<std::size_t>(classes) != 0) {
    throw InputError("scores", std::to_string(scores.size()) + " numbers for " + std::to_string(classes) + " classes",
                     "a multiple of the number of classes");
  }
  std::vector<int> predicted(scores.size() / static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto row = scores.subspan(i * static_cast<std::size_t>(classes), static_cast<std::size_t>(classes));
    predicted[i] = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
  }
  return predicted;
}

std::vector<float> probabilities_from_logits(std::span<const float> logits, int classes, double temperature) {
  if (!(temperature > 0) || !std::isfinite(temperature)) {
    throw InputError("temperature", std::to_string(temperature), "a positive number");
  }
  if (classes < 1 || logits.size() % static_cast<std::size_t>(classes) != 0) {
    throw InputError("logits", std::to_string(logits.size()) + " numbers for " + std::to_string(classes) + " classes",
                     "a multiple of the number of classes");
  }
  std::vector<float> probabilities(logits.size());
  std::vector<double> exponentials(static_cast<std::size_t>(classes));
  for (std::size_t begin = 0; begin < logits.size(); begin += exponentials.size()) {
    const auto row = logits.subspan(begin, exponentials.size());
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (std::size_t c = 0; c < row.size(); ++c) sum += exponentials[c] = std::exp((row[c] - largest) / temperature);
    for (std::size_t c = 0; c < row.size(); ++c) probabilities[begin + c] = static_cast<float>(exponentials[c] / sum);
  }
  return probabilities;
}

}  // namespace dermdistill
