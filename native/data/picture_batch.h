// Pictures from anywhere, brought to a model's input: some of them may be broken.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/image/preprocess.h"

namespace dermdistill {

/// The pictures that could be read, and why the others could not.
struct PictureBatch {
  std::vector<float> pixels;        // [readable ones, size, size, 3]
  std::vector<std::string> errors;  // one a file; empty when it was read
};

/// Reads, decodes and preprocesses the files, on all threads.
PictureBatch read_pictures(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing);

}  // namespace dermdistill
