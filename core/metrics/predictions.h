// What a model said of a data set, in the form every metric takes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

/// The predictions of n images over C classes.
struct Predictions {
  std::vector<std::string> classes;    // C names, in the order of the columns
  std::vector<std::string> image_ids;  // n, for messages and reports; may be empty
  std::vector<int> labels;             // n, in [0, C)
  std::vector<int> groups;             // n, the lesion of every image; may be empty: every image is its own
  std::vector<float> probabilities;    // [n, C] row-major, every row sums to 1
};

/// @throws InputError when there are no images, sizes differ, a label is unknown or a row is no distribution;
/// NumericError for NaN or infinity. Both name the image.
void check_predictions(const Predictions& predictions);

/// The index of the class called `name`, or -1.
int class_index(std::span<const std::string> classes, std::string_view name);

/// The place of the largest score of every row of [n, classes]; the first of equal ones.
std::vector<int> predicted_classes(std::span<const float> scores, int classes);

/// Softmax of logits / temperature, [n, classes] -> the same shape. @throws InputError for a temperature that is not
/// positive.
std::vector<float> probabilities_from_logits(std::span<const float> logits, int classes, double temperature = 1.0);

}  // namespace dermdistill
