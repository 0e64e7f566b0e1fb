// What a made-up lesion looks like, as numbers; each class has its typical ones.
#pragma once

#include "core/base/random.h"

namespace dermdistill {

/// Strengths are 0 (absent) to about 1. Lengths are in units of half the picture's side.
struct LesionTraits {
  // Shape
  float radius = 0.5f, elongation = 1.2f, irregularity = 0.1f, softness = 0.1f, asymmetry = 0.1f;
  // Colour of the body
  float pigment = 0.6f, redness = 0.1f, variegation = 0.2f, yellow = 0;
  // Structures
  float network = 0, network_disorder = 0, globules = 0, black_dots = 0, streaks = 0, veil = 0, regression = 0;
  float branching_vessels = 0, dotted_vessels = 0, blue_nests = 0, ulcer = 0;
  float milia = 0, comedones = 0, ridges = 0;
  float scar = 0, lacunae = 0, scales = 0, follicles = 0, keratin = 0;
};

/// The traits of one lesion of class `label` (ISIC's order): typical values with spread, a structure sometimes absent,
/// and now and then a lesion on the way to a class it is confused with in practice.
LesionTraits draw_traits(int label, Random& random);

}  // namespace dermdistill
