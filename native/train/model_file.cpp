#include "native/train/model_file.h"

#include <string>

#include "core/base/error.h"
#include "native/onnx/export.h"
#include "native/onnx/import.h"
#include "native/train/checkpoint.h"

namespace dermdistill {
namespace {

constexpr char kExpected[] = "a run folder, a .safetensors checkpoint or a .onnx file";

LoadedModel load_checkpoint(const std::filesystem::path& path) {
  const Checkpoint checkpoint = read_checkpoint(path);
  return {FoldedNetwork::from(network_of(checkpoint, path)), checkpoint.card};
}

}  // namespace

NetworkConfig network_config(const ModelCard& card, const std::filesystem::path& name) {
  NetworkConfig config;
  try {
    config.architecture = parse_architecture(card.architecture);
  } catch (const InputError& error) {
    throw FormatError(name.string() + ": " + error.what());
  }
  config.width = config.architecture == Architecture::MobileNetV2 ? card.width : 1.0;
  config.classes = static_cast<int>(card.classes.size());
  // A forged card must not make the engine ask for all the memory there is.
  if (!(config.width >= 0.05 && config.width <= 4.0)) {
    throw FormatError(name.string(), "its card's width is " + std::to_string(config.width), "0.05 to 4");
  }
  if (card.classes.empty() || card.classes.size() > 10000) {
    throw FormatError(name.string(), "its card has " + std::to_string(card.classes.size()) + " classes", "1 to 10000");
  }
  if (card.preprocessing.size < 32 || card.preprocessing.size > 2048) {
    throw FormatError(name.string(), "its card's image size is " + std::to_string(card.preprocessing.size),
                      "32 to 2048");
  }
  return config;
}

LoadedModel load_model(const std::filesystem::path& path, OldExports old_exports) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw FileError("model " + path.string(), "it does not exist", kExpected);
  if (std::filesystem::is_directory(path, ignored)) {
    const std::filesystem::path best = path / "best.safetensors";
    if (!std::filesystem::exists(best, ignored)) {
      throw FileError("model " + path.string(), "the folder has no best.safetensors",
                      "a run folder of teach or distill");
    }
    return load_checkpoint(best);
  }
  if (path.extension() == ".onnx") return import_onnx(path, old_exports);
  if (path.extension() == ".safetensors") return load_checkpoint(path);
  throw InputError("model " + path.string(), "the name ends neither in .onnx nor in .safetensors", kExpected);
}

void save_model(const LoadedModel& model, const std::filesystem::path& path, bool half_weights) {
  export_onnx(model.network, model.card, path,
              {half_weights, model.statistics ? &*model.statistics : nullptr,
               model.early_statistics ? &*model.early_statistics : nullptr});
}

}  // namespace dermdistill
