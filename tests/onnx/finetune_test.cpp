// dermdistill finetune-head, through the real binary.
#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/head/head_file.h"
#include "native/base/files.h"
#include "native/onnx/export.h"
#include "native/onnx/import.h"
#include "native/train/head_training.h"
#include "test_images.h"
#include "test_models.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

/// A model, and a folder with six images of a class that it knows and six of one that it does not.
class FinetuneFixture {
 public:
  FinetuneFixture() {
    const NetworkConfig config{Architecture::MobileNetV2, 0.25, 8};
    export_onnx(FoldedNetwork::from(random_network(config, 41)), test_card(config, 64), model);
    for (const std::string name : {"NV", "PSO"}) {
      std::filesystem::create_directories(folder.path() / "data" / name);
      for (int i = 0; i < 6; ++i)
        write_file(folder.path() / "data" / name / (std::to_string(i) + ".jpg"),
                   jpeg_bytes(90, 70, static_cast<std::uint64_t>(i) + (name == "NV" ? 0 : 100)));
    }
  }

  ProcessResult finetune(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"finetune-head", "--threads", "1", "--model", model});
    return run_dermdistill(arguments);
  }

  TemporaryFolder folder;
  std::string model = folder.path() / "student.onnx", data = folder.path() / "data";
  std::string head = folder.path() / "head.safetensors", own = folder.path() / "own.onnx";
};

}  // namespace

TEST_CASE_METHOD(FinetuneFixture, "finetune-head writes a head and a whole model, the same for the same seed") {
  const ProcessResult run =
      finetune({"--data", data, "--out", head, "--export", own, "--epochs", "5", "--views", "4", "--seed", "3"});
  INFO(run.errors);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.output, Contains("before") && Contains("after") && Contains("sensitivity PSO"));
  CHECK_THAT(run.errors, Contains("no embedding statistics") && Contains("epoch 5"));
  const HeadFile file = parse_head(read_file(head), head);
  CHECK(file.card.classes.back() == "PSO");
  CHECK(file.card.training_images ==
        nlohmann::json{
            {"MEL", 0}, {"NV", 5}, {"BCC", 0}, {"AK", 0}, {"BKL", 0}, {"DF", 0}, {"VASC", 0}, {"SCC", 0}, {"PSO", 5}});
  const LoadedModel personalised = import_onnx(own);
  CHECK(personalised.card.classes == file.card.classes);
  CHECK(personalised.network.classifier_weight == file.head.weight);

  const ProcessResult predicted =
      run_dermdistill({"predict", "--json", "--threads", "1", "--model", own, data + "/PSO/0.jpg"});
  REQUIRE(predicted.status == 0);
  CHECK(nlohmann::json::parse(predicted.output).at("probabilities").size() == 9);

  const std::vector<std::byte> first = read_file(head);
  REQUIRE(finetune({"--data", data, "--out", head, "--epochs", "5", "--views", "4", "--seed", "3"}).status == 0);
  CHECK(read_file(head) == first);
}

TEST_CASE_METHOD(FinetuneFixture, "a picture's one row is what the model says over all orientations of its card") {
  LoadedModel loaded = import_onnx(model);
  const Dataset dataset = load_dataset(data);
  const std::vector<int> labels(dataset.samples.size(), 0);
  const auto rows = [&](int orientations, int views) {
    loaded.card.orientations = orientations;
    return embed_images(loaded, dataset, labels, views).embeddings;
  };
  const std::vector<float> single = rows(1, 8), mean = rows(8, 1);
  CHECK(rows(8, 8) == single);  // each view a row of its own
  const std::size_t channels = mean.size() / dataset.samples.size();
  for (std::size_t image = 0; image < dataset.samples.size(); ++image) {
    for (std::size_t k = 0; k < channels; k += 97) {
      double sum = 0;
      for (std::size_t view = 0; view < 8; ++view)
        sum += static_cast<double>(single[(image * 8 + view) * channels + k]) / 8;
      CHECK(static_cast<double>(mean[image * channels + k]) == Approx(sum).margin(1e-5));
    }
  }
}

TEST_CASE_METHOD(FinetuneFixture, "finetune-head refuses what it cannot train on, and writes nothing") {
  const auto refuses = [&](std::vector<std::string> arguments, const std::string& reason) {
    arguments.insert(arguments.end(), {"--out", head});
    const ProcessResult run = finetune(arguments);
    INFO(run.errors);
    CHECK(run.status != 0);
    CHECK_THAT(run.errors, Contains(reason));
    CHECK_FALSE(std::filesystem::exists(head));
  };
  refuses({"--data", data + "/absent"}, "absent");
  refuses({"--data", data, "--epochs", "0"}, "epochs");
  refuses({"--data", data, "--views", "3"}, "1, 4 or 8");
  refuses({"--data", data, "--held-out", "1"}, "held-out share");
  write_file(data + "/NV/broken.jpg", std::vector<std::byte>(100));
  refuses({"--data", data}, "broken.jpg");
}
