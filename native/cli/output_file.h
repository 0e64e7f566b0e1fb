// A file that a command writes at its end.
#pragma once

#include <filesystem>

namespace dermdistill {

/// Found before the work, which may take long. @throws FileError saying why `file` cannot be written.
void check_writable(const std::filesystem::path& file);

/// Makes `folder` where it is not there yet. @throws FileError saying why files cannot be written into it.
void make_output_folder(const std::filesystem::path& folder);

}  // namespace dermdistill
