#include "core/image/stb_library.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

#include "core/image/jpeg_file.h"

namespace dermdistill::stb {
namespace {

// The largest single block that stb may ask for while it decodes the present picture.
thread_local std::size_t allocation_limit = std::numeric_limits<std::size_t>::max();

// Zeroed, because this version of stb_image reads tables and planes that a damaged file never filled: the picture is
// then the same every time and holds nothing of the program's memory.
// NOLINTBEGIN(cppcoreguidelines-no-malloc): stb asks for memory as C does
void* limited_malloc(std::size_t size) { return size <= allocation_limit ? std::calloc(size, 1) : nullptr; }
void* limited_realloc(void* block, std::size_t size) {
  return size <= allocation_limit ? std::realloc(block, size) : nullptr;
}
// NOLINTEND(cppcoreguidelines-no-malloc)

}  // namespace
}  // namespace dermdistill::stb

#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
// stb's SSE2 code gives the pixels of its plain code, which other processors run; a test holds it to that. Only of
// damaged files may the two make something else. Emscripten has that code's instructions too, but stb looks for an x86.
#ifdef __EMSCRIPTEN__
#define STBI__X64_TARGET
#endif
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC(size) dermdistill::stb::limited_malloc(size)
#define STBI_REALLOC(block, size) dermdistill::stb::limited_realloc(block, size)
#define STBI_FREE(block) std::free(block)
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

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

/// The first three of each four samples. `out` holds as many pixels.
void drop_fourth(const stbi_uc* in, std::size_t pixels, std::uint8_t* out) {
  typedef std::uint8_t Bytes __attribute__((vector_size(16)));
  std::size_t i = 0;
  // Four pixels at a time, of which the last four bytes written are the next four pixels' own.
  for (; i + 6 <= pixels; i += 4) {
    Bytes four;
    std::memcpy(&four, in + 4 * i, sizeof four);
    four = __builtin_shufflevector(four, four, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
    std::memcpy(out + 3 * i, &four, sizeof four);
  }
  for (; i < pixels; ++i) std::copy_n(in + 4 * i, 3, out + 3 * i);
}

}  // namespace

bool decode(std::span<const std::byte> file, int width, int height, Pixels& pixels, std::string& reason) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {  // stb counts bytes in int
    reason = "the file is larger than 2 GB";
    return false;
  }
  const LimitScope scope(largest_block(width, height, file.size()));
  // Four samples a pixel are what stb's vector code makes of a JPEG, and none of the fourth are needed.
  const bool jpeg = looks_like_jpeg(file);
  const std::unique_ptr<stbi_uc, FreePixels> decoded(
      stbi_load_from_memory(data_of(file), static_cast<int>(file.size()), &pixels.width, &pixels.height,
                            &pixels.channels, jpeg ? STBI_rgb_alpha : STBI_default));
  if (!decoded) {
    reason = failure();
    return false;
  }
  const std::size_t count = static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height);
  if (jpeg) {
    pixels.channels = 3;
    pixels.samples.resize(3 * count);
    drop_fourth(decoded.get(), count, pixels.samples.data());
  } else {
    pixels.samples.assign(decoded.get(), decoded.get() + count * static_cast<std::size_t>(pixels.channels));
  }
  return true;
}

}  // namespace dermdistill::stb
