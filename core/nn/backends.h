// The backends that can be built in; use backend_named() to choose one.
#pragma once

#include "core/nn/backend.h"

namespace dermdistill {

const Backend& eigen_backend();
const Backend& fused_backend();
const Backend& onednn_backend();  // only where CMake found oneDNN
/// @throws InputError on a processor without products of bfloat16.
const Backend& onednn_bfloat16_backend();
const Backend& wasm_simd_backend();  // only in WebAssembly

}  // namespace dermdistill
