// Runs a program as a user does and keeps what it says.
#pragma once

#include <string>
#include <vector>

namespace dermdistill::testing {

struct ProcessResult {
  int status = -1;  // exit status, or 128 + the signal that ended it
  std::string out, error;
};

/// `arguments[0]` is the program, looked up in PATH; standard input is empty.
ProcessResult run_process(const std::vector<std::string>& arguments);

/// The dermdistill of this build.
ProcessResult run_dermdistill(std::vector<std::string> arguments);

}  // namespace dermdistill::testing
