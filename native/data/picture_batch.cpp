#include "native/data/picture_batch.h"

#include <exception>

#include "core/base/parallel.h"
#include "native/base/files.h"

namespace dermdistill {

PictureBatch read_pictures(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing) {
  const std::size_t size =
      static_cast<std::size_t>(preprocessing.size) * static_cast<std::size_t>(preprocessing.size) * 3;
  std::vector<float> pixels(size * files.size());
  PictureBatch result;
  result.errors.resize(files.size());
  parallel_for(static_cast<std::int64_t>(files.size()), [&](std::int64_t i) {
    const auto place = static_cast<std::size_t>(i);
    try {
      const auto out = std::span<float>(pixels).subspan(place * size, size);
      preprocess(read_file(files[place]), files[place].string(), preprocessing, out);
    } catch (const std::exception& error) {
      result.errors[place] = error.what();
    }
  });
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!result.errors[i].empty()) continue;
    const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(i * size);
    result.pixels.insert(result.pixels.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  return result;
}

}  // namespace dermdistill
