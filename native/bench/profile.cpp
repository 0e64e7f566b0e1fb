#include "native/bench/profile.h"

#include <algorithm>

#include "core/base/error.h"
#include "native/bench/floors.h"
#include "native/bench/machine.h"
#include "native/bench/step_profile.h"
#include "native/bench/work.h"

namespace dermdistill {
nlohmann::json run_profile(const BenchmarkConfig& given, const Backend& backend) {
  BenchmarkConfig config = given;
  config.work = given.of;
  const auto& known = profile_names();
  if (std::find(known.begin(), known.end(), config.work) == known.end()) {
    throw InputError("a profile of " + config.work, "is not there",
                     "student-step, teacher-forward, teacher-step or ssdkd-step");
  }
  const MachineLimits limits = measure_machine(backend, 3);
  const auto work = make_work(config, backend);
  for (int i = 0; i < kWarmUpSteps; ++i) work->step();
  StepProfile profile;
  work->observe(&profile);
  for (int i = 0; i < config.iterations; ++i) {
    profile.begin_step();
    work->step();
    profile.end_step();
  }
  work->observe(nullptr);

  double total = 0;
  for (const auto& entry : profile.entries()) total += entry.seconds;
  const std::vector<Floor> floors = floors_of(config, backend.fuses_blocks());
  double flops = 0, bytes = 0;
  nlohmann::json parts = nlohmann::json::array();
  for (const auto& entry : profile.entries()) {
    nlohmann::json part{{"part", entry.name},
                        {"backward", entry.backward},
                        {"ms", rounded(1e3 * entry.seconds / profile.steps(), 2)},
                        {"share", rounded(entry.seconds / total, 4)}};
    const auto floor = std::find_if(floors.begin(), floors.end(), [&](const Floor& one) {
      return one.name == entry.name && one.backward == entry.backward;
    });
    if (floor != floors.end()) {
      part["gflop"] = rounded(floor->flops / 1e9, 3);
      part["floor_flop_ms"] = rounded(floor->flops / limits.gemm_gflop_per_s / 1e6, 2);
      part["floor_byte_ms"] = rounded(floor->bytes / limits.triad_gb_per_s / 1e6, 2);
    }
    parts.push_back(std::move(part));
  }
  for (const Floor& floor : floors) {
    flops += floor.flops;
    bytes += floor.bytes;
  }
  nlohmann::json result{{"of", config.work},
                        {"batch", config.batch},
                        {"size", config.size},
                        {"seed", config.seed},
                        {"step_ms", rounded(1e3 * total / profile.steps(), 2)},
                        {"triad_gb_per_s", rounded(limits.triad_gb_per_s, 1)},
                        {"gemm_gflop_per_s", rounded(limits.gemm_gflop_per_s, 1)},
                        {"floor_gflop", rounded(flops / 1e9, 2)},
                        {"floor_gb", rounded(bytes / 1e9, 3)},
                        {"floor_flop_ms", rounded(flops / limits.gemm_gflop_per_s / 1e6, 2)},
                        {"floor_byte_ms", rounded(bytes / limits.triad_gb_per_s / 1e6, 2)},
                        {"parts", std::move(parts)}};
  result.update(work->facts());
  return result;
}

}  // namespace dermdistill
