// Temperature scaling (Guo et al. 2017): one number that makes probabilities mean what they say.
#pragma once

#include <span>

namespace dermdistill {

inline constexpr double kLeastTemperature = 0.05;
inline constexpr double kGreatestTemperature = 20.0;

/// Mean negative log likelihood of softmax(logits / temperature). logits [rows, classes], labels [rows].
double temperature_loss(std::span<const float> logits, std::span<const int> labels, int classes, double temperature);

/// The temperature in [0.05, 20] of the least negative log likelihood. In 1 / T the loss is convex, so it is found by
/// bisection of its slope, and a validation set that is classified without error ends at the lower bound.
/// @throws ShapeError for sizes that do not fit or no rows, InputError for a label outside the classes,
/// NumericError for a logit that is not finite.
double fit_temperature(std::span<const float> logits, std::span<const int> labels, int classes);

}  // namespace dermdistill
