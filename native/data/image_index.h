// The image files below a folder, by their id.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

/// True for .jpg, .jpeg and .png in any case; a file whose name begins with a dot is never an image.
bool has_image_name(const std::filesystem::path& file);
/// "ISIC_0000001.jpg" -> "ISIC_0000001"; other text is left as it is.
std::string without_image_extension(std::string_view name);

/// All image files below `folder`, hidden folders left out, in the order of their paths. @throws FileError.
std::vector<std::filesystem::path> image_files(const std::filesystem::path& folder);

/// File name without its extension -> path. @throws InputError naming both files when two have the same name.
std::map<std::string, std::filesystem::path> index_images(const std::filesystem::path& folder);

}  // namespace dermdistill
