// The eight ways to lay a square picture: as it is or mirrored, in four quarter turns.
#pragma once

#include <array>
#include <span>

namespace dermdistill {

/// Mirrored left to right first, then turned counter-clockwise.
struct ViewOrientation {
  bool mirrored = false;
  int quarter_turns = 0;
  bool operator==(const ViewOrientation&) const = default;
};

/// The first 1, 2, 4 and 8 are closed under turning: as it is, with the half turn, all quarter turns, all eight.
inline constexpr std::array<ViewOrientation, 8> kViewOrientations{
    {{false, 0}, {false, 2}, {false, 1}, {false, 3}, {true, 0}, {true, 1}, {true, 2}, {true, 3}}};

/// Whether so many of them, from the first on, are such a set: 1, 2, 4 or 8.
constexpr bool is_orientation_count(int count) { return count == 1 || count == 2 || count == 4 || count == 8; }

/// Lays a view [size, size, 3] otherwise. `in` and `out` must not overlap. @throws ShapeError as rotate_view.
void turn_view(std::span<const float> in, int size, ViewOrientation orientation, std::span<float> out);

}  // namespace dermdistill
