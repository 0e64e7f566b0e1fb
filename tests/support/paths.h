// Where tests find things, and what they say when something is not there.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace dermdistill::testing {

inline std::filesystem::path source_dir() { return DERMDISTILL_SOURCE_DIR; }
inline std::filesystem::path golden_dir() { return source_dir() / "tests" / "golden"; }

inline std::filesystem::path from_environment(const char* name, const std::filesystem::path& fallback) {
  const char* value = std::getenv(name);
  return value && *value ? std::filesystem::path(value) : fallback;
}

/// ImageNet weights, or a path that does not exist.
inline std::filesystem::path weights_dir() {
  return from_environment("DERMDISTILL_WEIGHTS", source_dir().parent_path() / "shared" / "weights");
}
/// Real images, or a path that does not exist.
inline std::filesystem::path data_dir() {
  return from_environment("DERMDISTILL_DATA", source_dir().parent_path() / "shared" / "data");
}

/// Says that a test was skipped; CTest then reports it as skipped. Return from the test after it.
inline void skip(const std::string& reason) { std::printf("[skipped] %s\n", reason.c_str()); }

/// A new empty folder that is removed again at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dermdistill-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace dermdistill::testing
