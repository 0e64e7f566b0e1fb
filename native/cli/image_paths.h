// The images a user names on the command line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dermdistill {

/// Files as they are; folders become the .jpg, .jpeg and .png files below them, sorted by path.
/// @throws InputError for a folder without images.
std::vector<std::filesystem::path> expand_image_paths(const std::vector<std::string>& arguments);

}  // namespace dermdistill
