#include "native/cli/output_file.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

#include "core/base/error.h"

namespace dermdistill {

void check_writable(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw FileError(file.string(), "cannot be written (it is a folder)", "the name of a file");
  if (!std::filesystem::is_directory(folder, error))
    throw FileError(file.string(), "cannot be written", "its folder " + folder.string() + " to exist");
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw FileError(file.string(), std::string("cannot be written (") + std::strerror(errno) + ")");
}

void make_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(folder.string(), "cannot be made (" + error.message() + ")", "a folder, or room for one");
  check_writable(folder / "file");
}

}  // namespace dermdistill
