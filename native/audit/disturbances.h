// What users' pictures show beside the lesion: the round mask and the black rims of a camera, hair, a ruler, and other
// proportions. Each is laid over a decoded picture, before any preprocessing.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/image/image.h"

namespace dermdistill {

enum class Disturbance {
  RoundMask,    // black outside the largest circle in the middle, as a dermatoscope shows its field
  SideRims,     // black at the left and at the right, kRimShare of the width each
  UpperRims,    // black at the top and at the bottom, kRimShare of the height each
  Hair,         // kHairs dark curves, drawn by the seed
  Ruler,        // dark ticks along one edge, which the seed chooses
  Proportions,  // the middle kMiddleShare of the width, stretched to a square
};

inline constexpr std::array<Disturbance, 6> kDisturbances{Disturbance::RoundMask, Disturbance::SideRims,
                                                          Disturbance::UpperRims, Disturbance::Hair,
                                                          Disturbance::Ruler,     Disturbance::Proportions};
inline constexpr float kRimShare = 0.08f;
inline constexpr int kHairs = 10;
inline constexpr float kMiddleShare = 0.75f;
inline constexpr float kRulerDepth = 0.14f;  // of the shorter side: how far from their edge the long ticks end

std::string to_string(Disturbance disturbance);  // "round black mask", "hair", ...

/// `image` disturbed: of its own size, but for Proportions, whose sides are those of the stretched part's longer one.
/// The same pixels for the same seed. @throws InputError for an empty picture.
Image disturb(const Image& image, Disturbance disturbance, std::uint64_t seed);

}  // namespace dermdistill
