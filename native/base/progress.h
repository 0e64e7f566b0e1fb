// Progress of long work: a bar with rate and time left on a terminal, plain lines now and then otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dermdistill {

/// Writes to stderr, so that stdout stays for results.
class Progress {
 public:
  /// `unit` is what is counted, in the plural: "images". `start` items count as done before (a resumed run).
  Progress(std::string title, std::int64_t total, std::string unit, std::int64_t start = 0);
  ~Progress();  // finishes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `detail` is shown behind the rate: "loss 1.234".
  void advance(std::int64_t count, std::string_view detail = {});
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(bool last);

  std::string title_, unit_, detail_;
  std::int64_t total_, start_, done_;
  Clock::time_point began_, drawn_;
  bool terminal_, finished_ = false;
};

}  // namespace dermdistill
