// No allocation in a training step: every operator new of this program counts while a step is under way.
#include <atomic>
#include <cstdlib>
#include <new>

#include <catch2/catch.hpp>

#include "core/distill/distill_loss.h"
#include "core/distill/method.h"
#include "core/distill/views.h"
#include "core/learn/optimiser.h"
#include "core/nn/heads.h"
#include "tests/nn/reference.h"

using namespace dermdistill;
using namespace dermdistill::reference;

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  if (counting) ++allocations;
  const std::size_t rounded = (bytes + alignment) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded)) return memory;
  throw std::bad_alloc();
}

/// Allocations that `step` makes once it has run before.
template <typename Step>
int allocations_of(Step&& step) {
  for (int warm_up = 0; warm_up < 2; ++warm_up) step();
  allocations = 0;
  counting = true;
  step();
  counting = false;
  return allocations;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
// Sanitizers bring one of their own, whose memory the operators below must not free.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

TEST_CASE("allocations are counted") {
  const void* volatile memory = nullptr;  // written to, so that no allocation is optimised away
  CHECK(allocations_of([&] { memory = std::vector<int>(100).data(); }) == 1);
  CHECK(allocations_of([&] { memory = nullptr; }) == 0);
}

TEST_CASE("a training step allocates nothing") {
  constexpr int kBatch = 2, kSize = 64, kClasses = 3;
  const auto [architecture, backend_name] = GENERATE(table<Architecture, const char*>(
      {{Architecture::MobileNetV2, "fused"}, {Architecture::MobileNetV2, "eigen"}, {Architecture::ResNet50, "eigen"}}));
  INFO(backend_name);
  const Backend& backend = backend_named(backend_name);
  Random random(20261124);
  Network network({architecture, 1.0, kClasses});
  network.initialise(random);
  TrainingPass pass(network, backend, kBatch, kSize, kSize);
  ProjectionHead head(network.embedding_size(), "head", backend);
  head.initialise(random);
  Regressor regressor(network.embedding_size(), 64, "regressor", backend);
  regressor.initialise(random);
  OptimiserConfig config;
  const auto optimiser = make_optimiser(config, {network.parameters(), head.parameters(), regressor.parameters()});
  const auto images = random_values(kBatch * kSize * kSize * 3, random),
             d_logits = random_values(kBatch * kClasses, random);
  const FeatureShape map = feature_shape(network.units(), kSize, kSize);
  const auto d_projection = random_values(at(kBatch * network.embedding_size()), random);
  const auto values = random_values(at(kBatch * map.height * map.width * 64), random);
  auto d_regressed = values;

  const int counted_in_step = allocations_of([&] {
    const NetworkOutputs outputs = pass.forward(images);
    head.forward(outputs.embedding);
    regressor.forward(outputs.features, kBatch, map.height, map.width);
    std::copy(values.begin(), values.end(), d_regressed.begin());
    OutputGradients gradients;
    gradients.logits = d_logits;
    gradients.embedding = head.backward(d_projection);
    gradients.features = regressor.backward_in_place(d_regressed);
    pass.backward(gradients);
    optimiser->step(1e-3);
  });
  CHECK(counted_in_step == 0);
}

TEST_CASE("the loss of a distillation allocates nothing") {
  constexpr int kImages = 4, kClasses = 5, kWidth = 24, kChannels = 16, kHeight = 2;
  const Method method = GENERATE(Method::Ce, Method::Kd, Method::Fitnet, Method::DKd, Method::SsKd, Method::SsdKd);
  const LossConfig config = loss_config(method);
  const int rows = kImages * (needs_transformed_views(config) ? kViewsPerImage : 1);
  Random random(20261125);
  const auto values = [&](int count) {
    std::vector<float> result(at(rows * count));
    for (float& value : result) value = static_cast<float>(random.normal());
    return result;
  };
  const auto logits = values(kClasses), taught = values(kClasses), embedding = values(kWidth),
             taught_embedding = values(kWidth), projection = values(kWidth), taught_projection = values(kWidth),
             map = values(kHeight * kHeight * kChannels), taught_map = values(kHeight * kHeight * kChannels);
  StudentViews student;
  student.images = kImages;
  student.classes = kClasses;
  student.logits = logits;
  student.embedding = embedding;
  student.projection = projection;
  student.regressed = map;
  student.height = student.width = kHeight;
  student.channels = kChannels;
  TeacherViews teacher;
  teacher.images = kImages;
  teacher.classes = kClasses;
  teacher.logits = taught;
  teacher.embedding = taught_embedding;
  teacher.projection = taught_projection;
  teacher.features = taught_map;
  teacher.height = teacher.width = kHeight;
  teacher.channels = kChannels;
  DistillLoss loss(config, std::vector<float>(kClasses, 1.0F));
  const std::vector<int> labels{0, 4, 2, 2};
  StudentGradients gradients;
  CHECK(allocations_of([&] { loss.evaluate(student, teacher, labels, gradients); }) == 0);
}
