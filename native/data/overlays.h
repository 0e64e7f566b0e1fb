// What dermoscopy pictures show besides skin, laid over a decoded picture: hair, a ruler's ticks, the round mask and
// the black rims of a camera.
#pragma once

#include "core/base/random.h"
#include "core/image/image.h"

namespace dermdistill {

/// `count` dark curves across the picture, of one tone between `darkest` and `lightest` in [0, 1], a little red.
void lay_hair(Image& image, Random& random, int count, double darkest, double lightest);

/// About 16 dark ticks along the shorter side at an edge that the sequence chooses; every fifth one is longer and ends
/// at `depth` of the shorter side.
void lay_ruler(Image& image, Random& random, float depth);

/// Black outside a circle with a soft border. `radius`: of half the shorter side; the middle lies `shift_x` and
/// `shift_y` of half the shorter side away from the picture's.
void mask_round(Image& image, float radius, float shift_x = 0, float shift_y = 0);

/// Black at both the left and the right, or at both the top and the bottom: `share` of that side each, a pixel at
/// least.
void blacken_sides(Image& image, float share);
void blacken_top_and_bottom(Image& image, float share);

}  // namespace dermdistill
