// Losses between feature maps of the same shape, float NHWC: [images, positions = height * width, channels].
#pragma once

#include <span>
#include <vector>

namespace dermdistill {

/// Whether a loss adds to what a gradient holds or replaces it (which spares clearing a large buffer).
enum class GradientWrite { Add, Replace };

struct FeatureShape3 {
  int images = 0, positions = 0, channels = 0;
};

/// Buffers of channel_relational; they allocate for a new shape or thread count only.
struct ChannelRelationWorkspace {
  std::vector<float> products;            // per image: student and difference products [positions, positions] each
  std::vector<std::vector<float>> tiles;  // per thread
  std::vector<std::vector<double>> sums;  // per thread
  std::vector<double> per_image;
};

/// Channel relations (the paper's intra-instance term): root of the mean, over images and pairs of channels, of the
/// squared difference of the Gram matrices F F' / (channels * positions). Works on [positions, positions] products
/// only. The gradient is zero where the two are equal.
double channel_relational(std::span<const float> student, std::span<const float> teacher, const FeatureShape3& shape,
                          float weight, std::span<float> d_student, ChannelRelationWorkspace& workspace,
                          GradientWrite write = GradientWrite::Add);

/// FitNets' hint: mean squared difference of all elements.
double fitnet_mse(std::span<const float> student, std::span<const float> teacher, float weight,
                  std::span<float> d_student, GradientWrite write = GradientWrite::Add);

}  // namespace dermdistill
