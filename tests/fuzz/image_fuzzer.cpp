// decode_image on arbitrary bytes: a picture of the size it says, or a FormatError; nothing else.
#include <cstdlib>

#include "core/base/error.h"
#include "core/image/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dermdistill;
  try {
    const Image image = decode_image(std::as_bytes(std::span(data, size)), "fuzzed", {1 << 18, 1});
    if (image.width < 1 || image.height < 1 || image.rgb.size() != std::size_t{3} * image.width * image.height)
      std::abort();
  } catch (const FormatError&) {
  }
  return 0;
}
