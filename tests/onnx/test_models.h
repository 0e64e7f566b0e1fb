// Networks with random weights for the tests of model files.
#pragma once

#include <cstdint>
#include <vector>

#include "core/io/model_card.h"
#include "core/nn/network.h"

namespace dermdistill::testing {

/// Of ISIC's eight classes.
inline const NetworkConfig kSmallNetwork{Architecture::MobileNetV2, 0.25, 8};

/// Random weights, and batch norms whose statistics, scales and shifts differ from channel to channel; the classifier
/// is large enough for logits of the size that trained networks give.
Network random_network(const NetworkConfig& config, std::uint64_t seed);

/// The card of such a network: ISIC's classes when there are eight, otherwise C0, C1, ...
ModelCard test_card(const NetworkConfig& config, int size);

/// n normalised images [n, size, size, 3] of random values around 0 with variance 1.
std::vector<float> random_images(int n, int size, std::uint64_t seed);

}  // namespace dermdistill::testing
