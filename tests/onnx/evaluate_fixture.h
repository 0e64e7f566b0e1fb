// A small data set and an untrained model, for tests of what measures models.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "native/base/files.h"
#include "native/data/dataset.h"
#include "native/data/split.h"
#include "native/train/checkpoint.h"
#include "tests/onnx/test_images.h"
#include "tests/onnx/test_models.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

namespace dermdistill::testing {

/// 60 images of 3 classes in a folder per class, and a run folder with an untrained network.
class EvaluateFixture {
 public:
  EvaluateFixture() {
    const std::vector<std::string> classes = {"BCC", "MEL", "NV"};
    for (std::size_t c = 0; c < classes.size(); ++c) {
      for (int i = 0; i < 20; ++i) {
        std::filesystem::create_directories(data / classes[c]);
        write_file(
            data / classes[c] / ("ISIC_" + std::to_string(1000 * (c + 1) + static_cast<std::size_t>(i)) + ".jpg"),
            jpeg_bytes(48, 40, 100 * c + static_cast<std::uint64_t>(i)));
      }
    }
    const Network network = random_network(config, 51);
    Checkpoint checkpoint;
    checkpoint.kind = "student";
    checkpoint.network = config;
    checkpoint.card = test_card(config, 32);
    checkpoint.card.classes = classes;
    checkpoint.card.class_names = {"Basal cell carcinoma", "Melanoma", "Melanocytic nevus"};
    checkpoint.card.operating_points.clear();
    checkpoint.card.temperature = 1;
    add_state(checkpoint.file, network.state(), "model.");
    std::filesystem::create_directories(run);
    write_checkpoint(run / "best.safetensors", checkpoint);
    split.seed = 7;
    split.validation = 0.3;
    split.test = 0.3;
    write_text(
        run / "config.json",
        nlohmann::json{
            {"data",
             {{"folder", data.string()}, {"fingerprint", load_dataset(data).fingerprint()}, {"split", to_json(split)}}}}
            .dump());
  }

  ProcessResult command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--threads", "1"});
    return run_dermdistill(arguments);
  }

  TemporaryFolder folder;
  std::filesystem::path data = folder.path() / "data", run = folder.path() / "run",
                        onnx = folder.path() / "student.onnx";
  NetworkConfig config{Architecture::MobileNetV2, 0.25, 3};
  SplitConfig split;
};

}  // namespace dermdistill::testing
