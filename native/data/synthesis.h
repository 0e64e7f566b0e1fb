// A procedural data set that looks like dermoscopy: for trying things out, for tests and for the quick start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "core/image/image.h"

namespace dermdistill {

struct SynthesisConfig {
  int images = 800;
  std::uint64_t seed = 1;
  int size = 160;  // pixels a side
  int threads = 1;
  bool force = false;  // write into a folder that has files
};

/// One picture of a made-up lesion of class `label` (ISIC's order: MEL NV BCC AK BKL DF VASC SCC). `lesion_seed`
/// decides the lesion, `view_seed` how this picture of it was taken.
Image synthesise_lesion(int label, std::uint64_t lesion_seed, std::uint64_t view_seed, int size);

/// Writes the official ISIC 2019 layout; the same configuration gives the same bytes for every thread count.
/// `report` is called with the number of images just written, from several threads but never at the same time.
/// @throws InputError when `folder` has files and force is off, or for fewer images than 5 a class.
void write_synthetic_dataset(const std::filesystem::path& folder, const SynthesisConfig& config,
                             const std::function<void(int)>& report);

}  // namespace dermdistill
