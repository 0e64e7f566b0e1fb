#include "native/base/interrupt.h"

#include <csignal>

namespace dermdistill {
namespace {

volatile std::sig_atomic_t requested = 0;

void on_signal(int number) {
  requested = 1;
  std::signal(number, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupt_requested() { return requested != 0; }

}  // namespace dermdistill
