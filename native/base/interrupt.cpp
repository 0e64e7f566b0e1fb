#include "native/base/interrupt.h"

#include <atomic>
#include <csignal>

namespace dermdistill {
namespace {

// Written by a signal's handler and read by any thread, which only an atomic without a lock may be.
std::atomic<int> requested{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  requested.store(1, std::memory_order_relaxed);
  std::signal(number, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupt_requested() { return requested.load(std::memory_order_relaxed) != 0; }

}  // namespace dermdistill
