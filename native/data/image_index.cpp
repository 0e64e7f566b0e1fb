#include "native/data/image_index.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/error.h"

namespace fs = std::filesystem;

namespace dermdistill {
namespace {

bool is_image_extension(std::string extension) {
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

bool has_image_name(const fs::path& file) {
  return !file.filename().string().starts_with('.') && is_image_extension(file.extension().string());
}

std::string without_image_extension(std::string_view name) {
  const fs::path path(name);
  const std::string extension = path.extension().string();
  return std::string(is_image_extension(extension) ? name.substr(0, name.size() - extension.size()) : name);
}

std::vector<fs::path> image_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  const auto options = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator entry(folder, options, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (has_image_name(entry->path()) && entry->is_regular_file()) {
      files.push_back(entry->path());
    }
  }
  if (error) throw FileError(folder.string(), "cannot be read (" + error.message() + ")");
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, fs::path> index_images(const fs::path& folder) {
  std::map<std::string, fs::path> index;
  for (fs::path& file : image_files(folder)) {
    const auto [place, added] = index.emplace(file.stem().string(), file);
    if (!added) {
      throw InputError("image \"" + place->first + "\"",
                       "has two files, " + place->second.string() + " and " + file.string(), "one file an image");
    }
  }
  return index;
}

}  // namespace dermdistill
