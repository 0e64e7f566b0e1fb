// A folder that is removed with its files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/error.h"

namespace dermdistill {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "dermdistill-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw FileError(name, "cannot be made", "a writable TMPDIR");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace dermdistill
