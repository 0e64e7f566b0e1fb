// One process at a time.
#pragma once

#include <filesystem>
#include <optional>

namespace dermdistill {

/// An exclusive lock on a file. It ends with this object, or with the process, however that ends; the file stays.
class FileLock {
 public:
  /// Takes the lock, making the file if need be; nothing when somebody else holds it. A file system that knows no locks
  /// gives it to everybody. @throws FileError when the file cannot be opened.
  static std::optional<FileLock> try_lock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace dermdistill
