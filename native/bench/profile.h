// A step taken apart by kind of work, each beside its floors.
#pragma once

#include "core/nn/backend.h"
#include "native/bench/benchmark.h"

namespace dermdistill {

/// Profiles config.of over config.iterations steps; see run_benchmark for the keys.
nlohmann::json run_profile(const BenchmarkConfig& config, const Backend& backend);

}  // namespace dermdistill
