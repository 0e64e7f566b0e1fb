// SHA-256 (OpenSSL), for the identity of weights, data sets and caches.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dermdistill {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256& add(std::span<const std::byte> bytes);
  Sha256& add(std::string_view text);
  /// 64 lower-case hexadecimal digits; ends the computation.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::span<const std::byte> bytes);

}  // namespace dermdistill
