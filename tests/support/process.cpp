#include "tests/support/process.h"

#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "native/base/files.h"
#include "tests/support/paths.h"

namespace dermdistill::testing {

ProcessResult run_process(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder, kept;
  const std::string output = kept.path() / "output", errors = kept.path() / "errors";
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& argument : copies) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int in_file = ::open("/dev/null", O_RDONLY);
    const int output_file = ::open(output.c_str(), O_CREAT | O_WRONLY, 0600);
    const int errors_file = ::open(errors.c_str(), O_CREAT | O_WRONLY, 0600);
    if (in_file >= 0 && output_file >= 0 && errors_file >= 0 && ::chdir(folder.path().c_str()) == 0) {
      ::dup2(in_file, STDIN_FILENO);
      ::dup2(output_file, STDOUT_FILENO);
      ::dup2(errors_file, STDERR_FILENO);
      ::execvp(pointers.front(), pointers.data());
    }
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ProcessResult result;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.output = read_text(output);
  result.errors = read_text(errors);
  return result;
}

ProcessResult run_dermdistill(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{DERMDISTILL_BINARY};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command);
}

}  // namespace dermdistill::testing
