#include "native/cli/image_paths.h"

#include <algorithm>
#include <cctype>

#include "core/base/error.h"

namespace dermdistill {
namespace {

bool is_image_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

std::vector<std::filesystem::path> expand_image_paths(const std::vector<std::string>& arguments) {
  std::vector<std::filesystem::path> result;
  for (const std::string& argument : arguments) {
    std::error_code error;
    if (!std::filesystem::is_directory(argument, error)) {
      result.emplace_back(argument);
      continue;
    }
    std::vector<std::filesystem::path> found;
    for (std::filesystem::recursive_directory_iterator entry(argument, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->is_regular_file() && is_image_name(entry->path())) found.push_back(entry->path());
    }
    if (error) throw InputError("folder " + argument, "it cannot be read: " + error.message());
    if (found.empty()) throw InputError("folder " + argument, "it holds no images", ".jpg, .jpeg or .png files");
    std::sort(found.begin(), found.end());
    result.insert(result.end(), found.begin(), found.end());
  }
  return result;
}

}  // namespace dermdistill
