#include "native/bench/floors.h"

#include <algorithm>

#include "core/distill/views.h"
#include "core/nn/inverted_residual.h"
#include "native/bench/step_profile.h"
#include "native/bench/work.h"

namespace dermdistill {
namespace {

struct Amounts {
  double product = 0;                   // floating-point operations of one product
  double in = 0, out = 0, weights = 0;  // values
};

/// Calls add(unit, amounts) for every unit at its size.
template <typename Add>
void each_unit(std::span<const Unit> units, int batch, int size, Add&& add) {
  std::vector<int> sides{size};
  for (const Unit& unit : units) {
    const int in_side = sides[static_cast<std::size_t>(unit.input)];
    const ConvShape shape{batch,       in_side,     in_side,      unit.in_channels, unit.out_channels,
                          unit.kernel, unit.stride, unit.padding, unit.depthwise};
    sides.push_back(shape.out_height());
    Amounts amounts;
    amounts.in = static_cast<double>(shape.input_size());
    amounts.out = static_cast<double>(shape.output_size());
    if (unit.kind == UnitKind::Convolution) {
      amounts.weights = static_cast<double>(shape.weight_size());
      amounts.product = 2 * amounts.out * amounts.weights / unit.out_channels;
    }
    add(unit, amounts);
  }
}

void add_to(std::vector<Floor>& floors, const std::string& name, bool backward, double flops, double bytes) {
  const auto found = std::find_if(floors.begin(), floors.end(),
                                  [&](const Floor& floor) { return floor.name == name && floor.backward == backward; });
  Floor& floor = found == floors.end() ? floors.emplace_back(Floor{name, backward, 0, 0}) : *found;
  floor.flops += flops;
  floor.bytes += bytes;
}

constexpr double kBytes = sizeof(float);

}  // namespace

std::vector<Floor> training_floors(std::span<const Unit> units, int batch, int size, bool blocks) {
  std::vector<Floor> floors;
  std::size_t index = 0, block_end = 0;  // of the block that runs as one layer in training
  each_unit(units, batch, size, [&](const Unit& unit, const Amounts& a) {
    if (blocks && index >= block_end && is_inverted_residual(units, index)) block_end = index + 3;
    const std::string name = name_of(index++ < block_end ? PassPart::InvertedResidual : part_of(unit));
    const bool first = unit.input == 0;
    add_to(floors, name, false, a.product, kBytes * (a.in + a.out + a.weights));
    add_to(floors, name, true, (first ? 1 : 2) * a.product,
           kBytes * (2 * a.out + (first ? 1 : 2) * a.in + 2 * a.weights));
  });
  return floors;
}

std::vector<Floor> inference_floors(std::span<const Unit> units, int batch, int size) {
  std::vector<Floor> floors;
  each_unit(units, batch, size, [&](const Unit& unit, const Amounts& a) {
    add_to(floors, name_of(part_of(unit)), false, a.product, kBytes * (a.in + a.out + a.weights));
  });
  return floors;
}

std::vector<Floor> floors_of(const BenchmarkConfig& config, bool blocks) {
  const auto units = [](Architecture architecture) { return build_units({architecture, 1.0, kBenchmarkClasses}); };
  if (config.work == "student-step")
    return training_floors(units(Architecture::MobileNetV2), config.batch, config.size, blocks);
  if (config.work == "teacher-step")
    return training_floors(units(Architecture::ResNet50), config.batch, config.size, blocks);
  if (config.work == "teacher-forward")
    return inference_floors(units(Architecture::ResNet50), config.batch, config.size);
  if (config.work != "ssdkd-step") return {};
  const int rows = kViewsPerImage * config.batch;
  const auto student = units(Architecture::MobileNetV2), teacher = units(Architecture::ResNet50);
  std::vector<Floor> floors = training_floors(student, rows, config.size, blocks);
  const FeatureShape map = feature_shape(student, config.size, config.size);
  const double ours = map.channels, theirs = feature_shape(teacher, config.size, config.size).channels;
  const double pixels = static_cast<double>(rows) * map.height * map.width;
  // The regressor is a convolution unit more; the head's two linear layers are square.
  const std::string regressor = name_of(StepPart::Regressor), head = name_of(StepPart::ProjectionHead);
  const double product = 2 * pixels * ours * theirs, linear = 2 * 2 * static_cast<double>(rows) * ours * ours;
  floors.push_back({regressor, false, product, kBytes * (pixels * (ours + theirs) + ours * theirs)});
  floors.push_back({regressor, true, 2 * product, kBytes * (2 * pixels * (ours + theirs) + 2 * ours * theirs)});
  floors.push_back({head, false, linear, kBytes * 2 * ours * ours});
  floors.push_back({head, true, 2 * linear, kBytes * 4 * ours * ours});
  if (!config.cached) {
    Floor asked{name_of(StepPart::Teacher), false, 0, 0};
    for (const Floor& floor : inference_floors(teacher, rows, config.size)) {
      asked.flops += floor.flops;
      asked.bytes += floor.bytes;
    }
    floors.push_back(asked);
  }
  return floors;
}

}  // namespace dermdistill
