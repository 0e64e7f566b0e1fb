// Temperature scaling (Guo et al. 2017): one number that makes probabilities mean what they say.
#pragma once

#include <span>

namespace dermdistill {

inline constexpr double kLeastTemperature = 0.05;
inline constexpr double kGreatestTemperature = 20.0;

/// Mean negative log likelihood of softmax(logits / temperature). logits [rows, classes], labels [rows].
double temperature_loss(std::span<const float> logits, std::span<const int> labels, int classes, double temperature);

/// Whether the greatest logit of every row is its label's. Sizes as of temperature_loss().
bool classified_without_error(std::span<const float> logits, std::span<const int> labels, int classes);

/// The temperature in [0.05, 20] of the least negative log likelihood. In 1 / T the loss is convex, so it is found by
/// bisection of its slope. Rows that are all classified rightly would take any temperature down to 0, whatever the
/// model is worth elsewhere, so that they cannot choose one: 1.
/// @throws ShapeError for sizes that do not fit or no rows, InputError for a label outside the classes,
/// NumericError for a logit that is not finite.
double fit_temperature(std::span<const float> logits, std::span<const int> labels, int classes);

}  // namespace dermdistill
