// Mixup (Zhang et al. 2018, arXiv 1710.09412): a step trains on pairs of images, blended, and on both their labels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermdistill {

/// Image i of a batch becomes share * image i + (1 - share) * image partners[i]; without partners it stays as it is.
struct Mixture {
  double share = 1;           // [0.5, 1]: an image's own label leads
  std::vector<int> partners;  // a permutation of the batch; an image may be its own partner
};

/// The mixture of one step: the greater of lambda and 1 - lambda with lambda ~ Beta(alpha, alpha), and a random
/// permutation. It depends on nothing but the arguments. alpha > 0.
Mixture draw_mixture(double alpha, int images, std::uint64_t seed, int epoch, int step);

/// images and mixed [partners.size(), any]; all views of an image are blended with those of the same partner.
/// @throws ShapeError for sizes that do not fit.
void mix_images(const Mixture& mixture, std::span<const float> images, std::span<float> mixed);

/// labels and others [images]: others[i] is the label of image i's partner.
void partner_labels(const Mixture& mixture, std::span<const int> labels, std::span<int> others);

}  // namespace dermdistill
