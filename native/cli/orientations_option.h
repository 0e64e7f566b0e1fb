// --orientations, for the commands that may look at pictures otherwise than the model's card says.
#pragma once

#include <optional>

#include <CLI/CLI.hpp>

namespace dermdistill {

inline void add_orientations_option(CLI::App& command, std::optional<int>& orientations) {
  command
      .add_option("--orientations", orientations,
                  "In place of the model's own: look at every picture in so many orientations and answer with their "
                  "mean: 1, 2 (and the half turn), 4 (the quarter turns) or 8 (and mirrored)")
      ->check(CLI::IsMember({1, 2, 4, 8}));
}

}  // namespace dermdistill
