// Runs a program as a user would, for tests of what it prints and of its exit status.
#pragma once

#include <string>
#include <vector>

namespace dermdistill::testing {

struct ProcessResult {
  int status = -1;  // exit status; 128 + the signal's number when one ended it
  std::string output, errors;
};

/// `arguments[0]` is the program, looked up in PATH. It runs in an empty folder of its own, with an empty input.
ProcessResult run_process(const std::vector<std::string>& arguments);

/// The dermdistill of this build.
ProcessResult run_dermdistill(const std::vector<std::string>& arguments);

}  // namespace dermdistill::testing
