// parse_safetensors on arbitrary bytes: a FormatError, or a file that is written and read again without loss.
#include <cstdlib>

#include "core/base/error.h"
#include "core/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dermdistill;
  TensorFile file;
  try {
    file = parse_safetensors(std::as_bytes(std::span(data, size)), "fuzzed");
  } catch (const FormatError&) {
    return 0;
  }
  to_state(file);
  // From here on nothing may be refused: an exception ends the fuzzer.
  const auto written = serialise_safetensors(file);
  const TensorFile back = parse_safetensors(written, "written");
  if (back.tensors.size() != file.tensors.size() || back.metadata != file.metadata) std::abort();
  if (serialise_safetensors(back) != written) std::abort();
  return 0;
}
