// Completes a model's card before it is exported: what only validation images and the data set can tell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/io/model_card.h"
#include "core/learn/gaussian.h"
#include "native/data/dataset.h"
#include "native/train/scoring.h"

namespace dermdistill {

/// Fits the temperature (Guo et al. 2017; training["calibration"] says where that was not possible) and, on the
/// probabilities that it gives, writes into the card: the operating points of melanoma and of the malignant classes at
/// 90 and 95 % sensitivity, metrics["validation"] with curves, and out_of_distribution, whose threshold belongs to the
/// Gaussian over early embeddings of training images; without one that is empty. `labels` of the scores index the
/// card's classes, and so do those of `dataset`.
void calibrate_card(ModelCard& card, const Scores& validation, const Dataset& dataset, std::uint64_t seed,
                    const Gaussian* early_statistics);

/// The notice that the images themselves ask for: ISIC's, when ids of that archive are among them; otherwise none.
std::vector<std::string> data_notices(const Dataset& dataset);

/// Appends those that the card does not have yet.
void add_notices(ModelCard& card, const std::vector<std::string>& notices);

}  // namespace dermdistill
