#include "core/image/stb_library.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>

namespace dermdistill::stb {
namespace {

// The largest single block that stb may ask for while it decodes the present picture.
thread_local std::size_t allocation_limit = std::numeric_limits<std::size_t>::max();

// Zeroed, because this version of stb_image reads tables and planes that a damaged file never filled: the picture is
// then the same every time and holds nothing of the program's memory.
void* limited_malloc(std::size_t size) { return size <= allocation_limit ? std::calloc(size, 1) : nullptr; }
void* limited_realloc(void* block, std::size_t size) {
  return size <= allocation_limit ? std::realloc(block, size) : nullptr;
}

}  // namespace
}  // namespace dermdistill::stb

#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
// stb's SSE2 code, which only x86 compiles, gives the pixels of its plain code, which WebAssembly runs; a test holds it
// to that. Only of damaged files may the two make something else.
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC(size) dermdistill::stb::limited_malloc(size)
#define STBI_REALLOC(block, size) dermdistill::stb::limited_realloc(block, size)
#define STBI_FREE(block) std::free(block)
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

#define STBIR_ASSERT(condition) ((void)0)
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>

namespace dermdistill::stb {
namespace {

struct LimitScope {
  explicit LimitScope(std::size_t limit) { allocation_limit = limit; }
  ~LimitScope() { allocation_limit = std::numeric_limits<std::size_t>::max(); }
  LimitScope(const LimitScope&) = delete;
  LimitScope& operator=(const LimitScope&) = delete;
};

struct FreePixels {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

const stbi_uc* data_of(std::span<const std::byte> file) { return reinterpret_cast<const stbi_uc*>(file.data()); }

std::string failure() {
  const char* reason = stbi_failure_reason();
  return reason ? reason : "unknown reason";
}

// Sixteen bytes a pixel hold 16-bit RGBA twice (the buffer doubles while it grows) and a progressive JPEG's
// coefficients; the border of 64 pixels holds block padding and filter bytes; compressed PNG data is gathered in a
// doubling buffer.
std::size_t largest_block(int width, int height, std::size_t file_size) {
  const std::uint64_t pixels = (static_cast<std::uint64_t>(width) + 64) * (static_cast<std::uint64_t>(height) + 64);
  const std::uint64_t limit = 16 * pixels + 2 * static_cast<std::uint64_t>(file_size) + (1u << 20);
  return static_cast<std::size_t>(std::min<std::uint64_t>(limit, std::numeric_limits<std::size_t>::max()));
}

}  // namespace

bool decode(std::span<const std::byte> file, int width, int height, Pixels& pixels, std::string& reason) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {  // stb counts bytes in int
    reason = "the file is larger than 2 GB";
    return false;
  }
  const LimitScope scope(largest_block(width, height, file.size()));
  const std::unique_ptr<stbi_uc, FreePixels> decoded(stbi_load_from_memory(
      data_of(file), static_cast<int>(file.size()), &pixels.width, &pixels.height, &pixels.channels, 0));
  if (!decoded) {
    reason = failure();
    return false;
  }
  const std::size_t count = static_cast<std::size_t>(pixels.width) * pixels.height * pixels.channels;
  pixels.samples.assign(decoded.get(), decoded.get() + count);
  return true;
}

bool resize(const std::uint8_t* in, int width, int height, int row_bytes, std::uint8_t* out, int out_width,
            int out_height) {
  return stbir_resize_uint8_generic(in, width, height, row_bytes, out, out_width, out_height, 0, 3,
                                    STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE,
                                    STBIR_COLORSPACE_LINEAR, nullptr) != 0;
}

}  // namespace dermdistill::stb
