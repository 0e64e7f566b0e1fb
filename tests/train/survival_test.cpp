// The program itself, killed at random moments, and stopped by Ctrl-C.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "native/base/files.h"
#include "native/train/checkpoint.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

/// The program running with these arguments; its output goes to `log`.
pid_t start(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  std::vector<char*> words;
  std::string program = DERMDISTILL_BINARY;
  words.push_back(program.data());
  std::vector<std::string> copies = arguments;
  for (std::string& copy : copies) words.push_back(copy.data());
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

/// False when the program ended before `path` appeared.
bool wait_until_exists(const std::filesystem::path& path, pid_t child) {
  while (!std::filesystem::exists(path)) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::vector<std::string> new_run(const std::filesystem::path& out) {
  return {"distill",    "--data",   testing::tiny_data().string(),
          "--method",   "ce",       "--out",
          out.string(), "--width",  "0.25",
          "--size",     "32",       "--batch",
          "8",          "--epochs", "1000",
          "--threads",  "1",        "--save-every",
          "1"};
}

}  // namespace

TEST_CASE("Killed at random moments, twenty times, a run always leaves a checkpoint that loads") {
  const testing::TemporaryFolder folder;
  const auto out = folder.path() / "run", log = folder.path() / "log.txt";
  const std::vector<std::string> resumed = {"distill", "--resume", "--out", out.string()};
  Random random(3);
  int epoch = 0, step = 0;
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t child = start(kill == 0 ? new_run(out) : resumed, log);
    const bool alive = wait_until_exists(out / "last.safetensors", child);
    INFO(read_text(log));
    REQUIRE(alive);
    std::this_thread::sleep_for(std::chrono::milliseconds(random.below(300)));
    ::kill(child, SIGKILL);
    const int status = wait_for(child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    const Checkpoint last = read_checkpoint(out / "last.safetensors");
    REQUIRE_NOTHROW(network_of(last, out / "last.safetensors"));
    const RunProgress& progress = last.progress;
    CHECK(std::pair(progress.epoch, progress.step) >= std::pair(epoch, step));  // nothing done is lost again
    epoch = progress.epoch;
    step = progress.step;
  }
}

TEST_CASE("Ctrl-C saves, says how to resume and exits with 130") {
  const testing::TemporaryFolder folder;
  const auto out = folder.path() / "run", log = folder.path() / "log.txt";
  const pid_t child = start(new_run(out), log);
  const bool alive = wait_until_exists(out / "last.safetensors", child);
  INFO(read_text(log));
  REQUIRE(alive);
  ::kill(child, SIGINT);
  const int status = wait_for(child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK_THAT(read_text(log), Catch::Contains("resume with: dermdistill distill --resume --out " + out.string()));
  CHECK(read_checkpoint(out / "last.safetensors").progress.step > 0);

  SECTION("an option that contradicts the run is an error") {
    const pid_t other = start({"distill", "--resume", "--out", out.string(), "--rate", "0.5"}, log);
    const int ended = wait_for(other);
    CHECK(WIFEXITED(ended));
    CHECK(WEXITSTATUS(ended) == 1);
    CHECK_THAT(read_text(log), Catch::Contains("--rate: contradicts the run"));
  }
}

}  // namespace dermdistill
