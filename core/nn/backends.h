// The backends that can be built in; use backend_named() to choose one.
#pragma once

#include "core/nn/backend.h"

namespace dermdistill {

const Backend& eigen_backend();
const Backend& onednn_backend();  // only where CMake found oneDNN

}  // namespace dermdistill
