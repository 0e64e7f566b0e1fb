#include "native/data/jpeg_writer.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include "core/base/error.h"

namespace dermdistill {

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  if (image.width < 1 || image.height < 1)
    throw InputError("a picture to be written", "is empty", "at least one pixel");
  std::vector<std::byte> bytes;
  const auto append = [](void* target, void* data, int size) {
    const auto* first = static_cast<const std::byte*>(data);
    static_cast<std::vector<std::byte>*>(target)->insert(static_cast<std::vector<std::byte>*>(target)->end(), first,
                                                         first + size);
  };
  if (stbi_write_jpg_to_func(append, &bytes, image.width, image.height, 3, image.rgb.data(), quality) == 0) {
    throw Error("a picture could not be encoded as JPEG");
  }
  return bytes;
}

}  // namespace dermdistill
