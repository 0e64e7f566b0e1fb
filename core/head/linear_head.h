// The linear classifier on top of a trunk's embedding: the part that a user can train on their own images.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/nn/backend.h"

namespace dermdistill {

struct LinearHead {
  int classes = 0, channels = 0;
  std::vector<float> weight;  // [classes, channels]
  std::vector<float> bias;    // [classes]
};

/// @throws ShapeError when the sizes do not fit each other or are not positive, NumericError for a value that is not
/// finite. `name` stands in the message.
void check_head(const LinearHead& head, std::string_view name);

/// embeddings [n, channels] -> logits [n, classes]. @throws ShapeError when the embeddings are no such rows.
std::vector<float> head_logits(const LinearHead& head, std::span<const float> embeddings, const Backend& backend);

}  // namespace dermdistill
