// Stages 1 and 2: a teacher, and its self-supervision head.
#pragma once

#include <filesystem>

#include "native/train/epoch_loop.h"

namespace dermdistill {

/// Trains in the folder `out` until it is done. `config` of a resumed run is that of its config.json.
/// @throws Interrupted after saving; InputError, FormatError, NumericError, FileError as the parts do.
void teach(const RunConfig& config, const std::filesystem::path& out, bool resume, const StopRequest& stop_requested);

/// teach --head-only: takes network and preprocessing from the trained model that `init` names.
void adopt_trained_network(RunConfig& config);

}  // namespace dermdistill
