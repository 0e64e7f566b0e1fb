#include "native/data/other_pictures.h"

#include "core/base/error.h"
#include "native/data/image_index.h"

namespace dermdistill {

PicturePair with_other_pictures(const Dataset& dataset, const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw InputError(folder.string(), "is not a folder", "one with pictures named like those of the data set");
  const auto pictures = index_images(folder);
  PicturePair pair{dataset, dataset};
  pair.own.samples.clear();
  pair.other.samples.clear();
  for (const Sample& sample : dataset.samples) {
    const auto found = pictures.find(sample.file.stem().string());
    if (found == pictures.end()) continue;
    pair.own.samples.push_back(sample);
    pair.other.samples.push_back(sample);
    pair.other.samples.back().file = found->second;
  }
  if (pair.own.samples.empty())
    throw InputError(folder.string(), "holds no picture of these images", "files named like those of the data set");
  return pair;
}

}  // namespace dermdistill
