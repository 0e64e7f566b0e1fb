#include "native/base/progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace dermdistill {
namespace {

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
  } else if (whole >= 60) {
    std::snprintf(text, sizeof text, "%ldm%02lds", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lds", whole);
  }
  return text;
}

}  // namespace

Progress::Progress(std::string title, std::int64_t total, std::string unit, std::int64_t start)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      start_(start),
      done_(start),
      began_(Clock::now()),
      drawn_(began_),
      terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { finish(); }

void Progress::advance(std::int64_t count, std::string_view detail) {
  done_ += count;
  detail_ = detail;
  const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
  if (Clock::now() - drawn_ >= interval) draw(false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  draw(true);
}

void Progress::draw(bool last) {
  drawn_ = Clock::now();
  const double seconds = std::chrono::duration<double>(drawn_ - began_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_ - start_) / seconds : 0;
  const double share =
      total_ > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0) : 1.0;
  const std::string time = last || rate <= 0 ? "in " + duration_text(seconds)
                                             : duration_text(static_cast<double>(total_ - done_) / rate) + " left";
  std::string bar;
  if (terminal_) {
    constexpr int kCells = 24;
    const int filled = static_cast<int>(share * kCells);
    bar = "[" + std::string(static_cast<std::size_t>(filled), '#') +
          std::string(static_cast<std::size_t>(kCells - filled), '.') + "] ";
  }
  std::fprintf(stderr, "%s%s %s%3d%% %lld/%lld %s, %.1f/s, %s%s%s%s", terminal_ ? "\r\033[K" : "", title_.c_str(),
               bar.c_str(), static_cast<int>(share * 100), static_cast<long long>(done_),
               static_cast<long long>(total_), unit_.c_str(), rate, time.c_str(), detail_.empty() ? "" : ", ",
               detail_.c_str(), !terminal_ || last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace dermdistill
