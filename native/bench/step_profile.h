// Where the time of a step goes, by kind of work.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "native/train/distill_step.h"

namespace dermdistill {

/// "1x1 convolutions", "depthwise, stride 2", ... as profiles call them.
std::string name_of(PassPart part);
std::string name_of(StepPart part);

/// Adds up the time between one enter() and the next.
class StepProfile final : public StepObserver {
 public:
  struct Entry {
    std::string name;
    bool backward = false;
    double seconds = 0;  // of all steps
  };

  void enter(PassPart part, bool backward) override { enter(name_of(part), backward); }
  void enter(StepPart part, bool backward) override { enter(name_of(part), backward); }
  /// Begins a step; what comes before the first enter() counts as "other".
  void begin_step();
  /// Ends it: what was entered last is over.
  void end_step();

  int steps() const { return steps_; }
  const std::vector<Entry>& entries() const { return entries_; }  // in the order of their first entering

 private:
  void enter(const std::string& name, bool backward);
  void lap();

  std::vector<Entry> entries_;
  std::size_t running_ = 0;
  std::chrono::steady_clock::time_point since_;
  int steps_ = 0;
};

}  // namespace dermdistill
