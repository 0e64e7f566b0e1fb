// The images of a data set as other files show them: larger, smaller or stored in another way.
#pragma once

#include <filesystem>

#include "native/data/dataset.h"

namespace dermdistill {

/// The same images in two qualities: samples with the same ids in the same order.
struct PicturePair {
  Dataset own;    // the data set's pictures
  Dataset other;  // those of the other folder
};

/// Of the images whose file name is also found anywhere below `folder`; the rest are left out.
/// @throws InputError when there is none, FileError when the folder cannot be read.
PicturePair with_other_pictures(const Dataset& dataset, const std::filesystem::path& folder);

}  // namespace dermdistill
