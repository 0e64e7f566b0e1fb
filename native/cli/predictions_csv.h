// What a model says of every image, as a table for other programs.
#pragma once

#include <string>

#include "core/metrics/predictions.h"
#include "native/data/dataset.h"
#include "native/train/scoring.h"

namespace dermdistill {

/// CSV (RFC 4180) with the columns image, label, lesion_id (empty where it is not known), file, and one of each class
/// with its calibrated probability to float precision. Rows in the order of `scores`, which `predictions` were made
/// from.
std::string predictions_csv(const Dataset& dataset, const Scores& scores, const Predictions& predictions);

}  // namespace dermdistill
