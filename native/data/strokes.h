// Thin curves for made-up skin pictures: vessels, hairs, the ticks of a ruler.
#pragma once

#include <vector>

#include "core/base/random.h"

namespace dermdistill {

/// A square map of coverage in [0, 1] onto which curves are drawn with a soft round brush. Coordinates run from -1
/// to 1.
class StrokeMap {
 public:
  explicit StrokeMap(int size);

  /// Stamps the brush once; `radius` in map units, but never thinner than a pixel's fade.
  void dab(float x, float y, float radius, float strength);
  void line(float x0, float y0, float x1, float y1, float radius, float strength);
  float at(int column, int row) const { return coverage_[static_cast<std::size_t>(row * size_ + column)]; }
  /// Bilinear; 0 outside.
  float at_point(float x, float y) const;

 private:
  int size_;
  std::vector<float> coverage_;
};

/// Vessels that come in from a circle of this radius about the origin and branch, thick ones into thin ones.
void draw_branching_vessels(StrokeMap& map, Random& random, float radius, float strength);
/// Hairs across the whole picture.
void draw_hairs(StrokeMap& map, Random& random, int count);
/// A ruler's ticks along one side.
void draw_ruler(StrokeMap& map, Random& random);

}  // namespace dermdistill
