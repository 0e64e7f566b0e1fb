#include "native/bench/step_profile.h"

#include <algorithm>

#include "core/base/error.h"

namespace dermdistill {

std::string name_of(PassPart part) {
  switch (part) {
    case PassPart::InvertedResidual:
      return "inverted residual blocks";
    case PassPart::Pointwise:
      return "1x1 convolutions";
    case PassPart::Dense:
      return "wider convolutions";
    case PassPart::DepthwiseStride1:
      return "depthwise, stride 1";
    case PassPart::DepthwiseStride2:
      return "depthwise, stride 2";
    case PassPart::Norm:
      return "batch norm, activation, residual";
    case PassPart::Pooling:
      return "pooling";
    case PassPart::Classifier:
      return "classifier";
    case PassPart::Accelerator:
      return "graphics card";
  }
  throw InputError("part of a pass", "is unknown");
}

std::string name_of(StepPart part) {
  switch (part) {
    case StepPart::Network:
      return "network";
    case StepPart::Teacher:
      return "teacher's answers";
    case StepPart::ProjectionHead:
      return "projection head";
    case StepPart::Regressor:
      return "regressor";
    case StepPart::Loss:
      return "loss terms";
    case StepPart::Optimiser:
      return "optimiser";
  }
  throw InputError("part of a step", "is unknown");
}

void StepProfile::begin_step() {
  since_ = std::chrono::steady_clock::now();
  running_ = entries_.size();
}

void StepProfile::end_step() {
  lap();
  running_ = entries_.size();
  ++steps_;
}

void StepProfile::lap() {
  const auto now = std::chrono::steady_clock::now();
  if (running_ < entries_.size()) {
    entries_[running_].seconds += std::chrono::duration<double>(now - since_).count();
    since_ = now;
  }
}

void StepProfile::enter(const std::string& name, bool backward) {
  lap();
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.backward == backward && entry.name == name; });
  running_ = static_cast<std::size_t>(found - entries_.begin());
  if (found == entries_.end()) entries_.push_back({name, backward, 0});
}

}  // namespace dermdistill
