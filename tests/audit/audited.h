// Something to audit: a small made-up data set and networks with random weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/io/model_card.h"
#include "core/nn/network.h"
#include "native/data/dataset.h"
#include "native/train/scoring.h"

namespace dermdistill::testing {

/// 80 synthetic pictures of 48 px in the ISIC layout, written once a process.
const std::filesystem::path& audited_folder();
const Dataset& audited_data();

/// A small network with random weights, folded. Its biases are such that no class is likelier than another over the
/// data set at `size` pixels; otherwise it would say the same of every picture.
FoldedNetwork random_model(std::uint64_t seed, int size);
/// The same with kernels that are equal in all eight orientations. At sizes of 2^n + 1 pixels, where strides begin and
/// end at the border, its answer does not depend on the orientation of the picture.
FoldedNetwork symmetric_model(std::uint64_t seed, int size);

/// Guesses, of the data set's eight classes, of every image; `skill` is added to the right one's logit.
Scores guesses(const Dataset& dataset, double skill);

/// What `action` throws as text; empty when it throws nothing.
std::string thrown_by(const std::function<void()>& action);

}  // namespace dermdistill::testing
