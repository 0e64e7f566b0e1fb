// Stops a run at the first number that is not finite, before it reaches the weights.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/distill/distill_loss.h"
#include "core/nn/parameter.h"

namespace dermdistill {

/// @throws NumericError naming the first loss term that is not finite, where it happened, and what to try.
void check_loss(const LossTerms& terms, const std::string& where);

/// The Euclidean norm over all gradients. @throws NumericError naming the first parameter whose gradient is not finite.
double checked_gradient_norm(std::span<const std::span<Parameter>> groups, const std::string& where);

/// Scales all gradients so that their norm is at most `limit`; `norm` is what checked_gradient_norm returned.
void clip_gradients(std::span<const std::span<Parameter>> groups, double norm, double limit);

}  // namespace dermdistill
