// Losses between feature maps of the same shape, float NHWC: [images, positions = height * width, channels].
#pragma once

#include <span>
#include <vector>

namespace dermdistill {

/// Whether a loss adds to what a gradient holds or replaces it (which spares clearing a large buffer).
enum class GradientWrite { Add, Replace };

struct MapShape {
  int images = 0, positions = 0, channels = 0;
};

/// Buffers of channel_relational; they allocate for a new shape or thread count only.
struct ChannelRelationWorkspace {
  std::vector<float> weights;                 // an image: [positions, 2 * positions], what the gradient combines
  std::vector<double> squares;                // an image: its squared difference of Gram matrices
  std::vector<std::vector<float>> tiles;      // a thread: [2 * positions, block of channels]
  std::vector<std::vector<double>> products;  // a thread: [2 * positions, 2 * positions]
};

/// Channel relations (the paper's intra-instance term): root of the mean, over images and pairs of channels, of the
/// squared difference of the Gram matrices F F' / (channels * positions). Needs only products [positions, positions].
/// The gradient is zero where the two are equal. @throws ShapeError.
double channel_relational(std::span<const float> student, std::span<const float> teacher, const MapShape& shape,
                          float weight, std::span<float> d_student, ChannelRelationWorkspace& workspace,
                          GradientWrite write = GradientWrite::Add);

/// FitNets' hint (Romero et al. 2015): mean squared difference of all elements. @throws ShapeError.
double fitnet_mse(std::span<const float> student, std::span<const float> teacher, float weight,
                  std::span<float> d_student, GradientWrite write = GradientWrite::Add);

}  // namespace dermdistill
