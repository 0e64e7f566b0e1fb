// The backends that train on a graphics card. Their kernels are a library of its own, so that the program runs, and is
// built, without CUDA; only a run that asks for one loads it.
#pragma once

#include <string_view>

#include "core/nn/backend.h"

namespace dermdistill {

/// backend_named(), and besides "cuda" (an NVIDIA card in float32) and "cuda_tf32" (the same with products of factors
/// rounded to 10 bits), whose small work stays with the fastest backend of this processor.
/// @throws InputError for a name that is unknown, FileError without the library, InputError without a card.
const Backend& training_backend_named(std::string_view name);

}  // namespace dermdistill
