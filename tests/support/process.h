// Runs the command line as a user would, for tests of what it prints and of its exit status.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <vector>

#include "tests/support/paths.h"

namespace dermdistill::testing {

struct ProcessResult {
  int status = -1;  // exit status; 128 + the signal's number when one ended it
  std::string output, errors;
};

inline std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Runs dermdistill with these arguments, in a folder of its own, and waits for it.
inline ProcessResult run_dermdistill(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  std::string command = "cd " + shell_quoted(folder.path().string()) + " && exec " + shell_quoted(DERMDISTILL_BINARY);
  for (const std::string& argument : arguments) command += " " + shell_quoted(argument);
  const auto read = [&](const char* name) {
    std::ifstream file(folder.path() / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const int code = std::system((command + " >output 2>errors </dev/null").c_str());
  ProcessResult result;
  result.status = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
  result.output = read("output");
  result.errors = read("errors");
  return result;
}

}  // namespace dermdistill::testing
