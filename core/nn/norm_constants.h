// Batch norm's constants, torchvision's for both networks.
#pragma once

namespace dermdistill {

constexpr double kNormEpsilon = 1e-5;
constexpr double kNormMomentum = 0.1;

}  // namespace dermdistill
