// Fine-tuning of a model's head on a folder of one's own images: what the command line adds to core/head.
#pragma once

#include <string>
#include <vector>

#include "core/head/head_file.h"
#include "native/data/dataset.h"
#include "native/train/model_file.h"

namespace dermdistill {

/// A data set in the classes of a head: the model's in their order, then those that it does not know.
struct HeadImages {
  std::vector<std::string> classes, class_names;
  std::vector<int> labels;  // one a sample of the data set, indices into `classes`
};
HeadImages head_images(const Dataset& dataset, const ModelCard& card);

/// The rows that a head is trained on.
struct EmbeddedImages {
  std::vector<float> embeddings;  // [n, channels]
  std::vector<int> labels;        // [n]
  std::vector<int> lesions;       // [n], so that no lesion is both trained on and held out
};

inline constexpr int kAllViews = 8;  // four quarter turns of the picture and of its mirror image

/// Embeds every image in `views` orientations (1, 4 or 8), the upright one first; 1: as the model itself does, whose
/// card may ask for the mean over several. @throws what reading an image threw,
/// naming the file; InputError for another number of views; Interrupted on Ctrl-C.
EmbeddedImages embed_images(const LoadedModel& model, const Dataset& dataset, const std::vector<int>& labels,
                            int views);

/// The model with the head of a file, its card and statistics what core/head makes of them.
LoadedModel with_head(const LoadedModel& model, const HeadFile& file);

}  // namespace dermdistill
