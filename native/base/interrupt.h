// Ctrl-C: the first asks long work to save and stop, the second ends the program at once.
#pragma once

#include "core/base/error.h"

namespace dermdistill {

/// Thrown by long work after it has saved; the message says how to resume. main() exits with status 130.
class Interrupted : public Error {
  using Error::Error;
};

/// From now on SIGINT and SIGTERM set the flag; a second one kills the process.
void catch_interrupts();
bool interrupt_requested();

}  // namespace dermdistill
