#include "run_process.h"

#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "native/base/files.h"
#include "tests/support/paths.h"

namespace dermdistill::testing {

ProcessResult run_process(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  const std::string out = folder.path() / "out", error = folder.path() / "error";
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& argument : copies) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int in_file = ::open("/dev/null", O_RDONLY);
    const int out_file = ::open(out.c_str(), O_CREAT | O_WRONLY, 0600);
    const int error_file = ::open(error.c_str(), O_CREAT | O_WRONLY, 0600);
    if (in_file >= 0 && out_file >= 0 && error_file >= 0) {
      ::dup2(in_file, STDIN_FILENO);
      ::dup2(out_file, STDOUT_FILENO);
      ::dup2(error_file, STDERR_FILENO);
      ::execvp(pointers.front(), pointers.data());
    }
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ProcessResult result;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = read_text(out);
  result.error = read_text(error);
  return result;
}

ProcessResult run_dermdistill(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), DERMDISTILL_BINARY);
  return run_process(arguments);
}

}  // namespace dermdistill::testing
