// Stage 3: a student, by cross entropy alone or from a teacher.
#pragma once

#include <filesystem>

#include "native/train/epoch_loop.h"

namespace dermdistill {

/// Trains in the folder `out` until it is done, building the knowledge cache first where the method needs a teacher.
/// `config` of a resumed run is that of its config.json.
/// @throws Interrupted after saving; InputError, FormatError, NumericError, FileError as the parts do.
void distill(const RunConfig& config, const std::filesystem::path& out, bool resume, const StopRequest& stop_requested);

/// The images' size and resize rule of the teacher's card, where the method has a teacher.
void adopt_teacher_size(RunConfig& config);

}  // namespace dermdistill
