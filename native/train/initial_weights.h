// Where a network starts from: a file of weights (ImageNet's, or another run's) or random numbers.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "core/image/preprocess.h"
#include "core/io/model_card.h"
#include "core/nn/network.h"
#include "native/train/run_config.h"

namespace dermdistill {

inline constexpr const char* kRandomInit = "random";

/// What came of it, for config.json and the model card.
struct InitialWeights {
  std::string sha256;                                // of the file; empty for random numbers
  nlohmann::json notices = nlohmann::json::array();  // its origin and licence, and those it was itself made from
  std::optional<ModelCard> card;                     // of another run's model
};

/// `init` is a .safetensors file with torchvision's names (with or without a classifier, F16 or F32), a run folder, or
/// "random". A classifier of another class count starts from random numbers. The filters of
/// a file that is not ours are brought to the usual size (see limit_filter_norms).
/// @throws FileError, FormatError, ShapeError, NumericError naming the file and the tensor.
InitialWeights load_initial_weights(Network& network, const std::string& init, std::uint64_t seed);

/// Whether `init` is a model that export wrote, whose batch norm is folded away: load_exported_weights() reads it.
bool is_exported_model(const std::string& init);

/// The same from a student.onnx, whose batch norms are measured again on some of the images that it will be trained on.
/// @throws also ShapeError when it is another network, FileError for an image that cannot be read.
InitialWeights load_exported_weights(Network& network, const std::string& init, std::uint64_t seed,
                                     std::span<const std::filesystem::path> images, const Preprocessing& preprocessing,
                                     const Backend& backend);

/// The file meant by `init`: a run folder stands for its best.safetensors.
std::filesystem::path initial_file(const std::string& init);

}  // namespace dermdistill
