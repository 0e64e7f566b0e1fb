// dermdistill predict, through the real binary.
#include <cmath>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/image/preprocess.h"
#include "native/base/files.h"
#include "native/onnx/export.h"
#include "native/train/predictor.h"
#include "test_images.h"
#include "test_models.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

/// A model and three good images in a new folder.
class PredictFixture {
 public:
  PredictFixture() : network(FoldedNetwork::from(random_network(config, 41))), card(test_card(config, 64)) {
    export_onnx(network, card, model);
    for (int i = 0; i < 3; ++i) {
      const bool png = i == 2;
      const std::filesystem::path file = images / ("lesion" + std::to_string(i) + (png ? ".png" : ".jpg"));
      std::filesystem::create_directories(images);
      write_file(file, png ? png_bytes(90, 70, 3) : jpeg_bytes(120, 80, static_cast<std::uint64_t>(i)));
      files.push_back(file);
    }
  }

  ProcessResult predict(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"predict", "--threads", "1", "--model", model});
    return run_dermdistill(arguments);
  }

  /// `bytes` as a file beside the good images.
  std::string broken(const std::string& name, std::span<const std::byte> bytes) const {
    write_file(folder.path() / name, bytes);
    return folder.path() / name;
  }

  TemporaryFolder folder;
  std::filesystem::path images = folder.path() / "images";
  std::string model = folder.path() / "student.onnx";
  NetworkConfig config{Architecture::MobileNetV2, 0.25, 8};
  FoldedNetwork network;
  ModelCard card;
  std::vector<std::string> files;
};

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result.push_back(nlohmann::json::parse(line));
  return result;
}

}  // namespace

TEST_CASE_METHOD(PredictFixture, "predict --json gives one line an image with the engine's calibrated probabilities") {
  const ProcessResult run = predict({"--json", files[0], images});
  INFO(run.errors);
  REQUIRE(run.status == 0);
  const std::vector<nlohmann::json> lines = json_lines(run.output);
  REQUIRE(lines.size() == 4);  // one file, then the folder's three in order
  Predictor predictor(network, card, 1);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string file = i == 0 ? files[0] : files[i - 1];
    CHECK(lines[i].at("image") == file);
    std::vector<float> pixels(64 * 64 * 3);
    preprocess(read_file(file), file, card.preprocessing, pixels);
    const std::vector<float> expected = predictor.probabilities(pixels, 1);
    std::size_t top = 0;
    for (std::size_t c = 0; c < 8; ++c) {
      CHECK(lines[i].at("probabilities").at(card.classes[c]).get<double>() == Approx(expected[c]).margin(1e-5));
      if (expected[c] > expected[top]) top = c;
    }
    CHECK(lines[i].at("probabilities").size() == 8);
    CHECK(lines[i].at("top") == card.classes[top]);
  }
  CHECK(run.output.find("\"probabilities\":{\"MEL\":") != std::string::npos);  // in the card's order
}

TEST_CASE_METHOD(PredictFixture,
                 "predict prints a table with every class and the sentence that it is no medical device") {
  const ProcessResult run = predict({files[0]});
  REQUIRE(run.status == 0);
  CHECK_THAT(run.output, Contains(files[0]) && Contains("not a medical device") && Contains("%"));
  for (std::size_t c = 0; c < 8; ++c)
    CHECK_THAT(run.output, Contains(card.classes[c]) && Contains(card.class_names[c]));
  for (const char* word : {"safe", "harmless", "looks benign", "is benign", "no cancer"})
    CHECK_THAT(run.output, !Contains(word));
}

TEST_CASE_METHOD(PredictFixture, "a model that is not calibrated is said to be so, in JSON mode on standard error") {
  CHECK_THAT(predict({"--json", files[0]}).errors, !Contains("operating points"));
  card.operating_points.clear();
  export_onnx(network, card, model);
  const ProcessResult json = predict({"--json", files[0]});
  CHECK(json.status == 0);
  CHECK(json_lines(json.output).size() == 1);
  CHECK_THAT(json.errors, Contains("dermdistill: warning:") && Contains("holds no operating points"));
  const ProcessResult table = predict({files[0]});
  CHECK(table.errors.empty());
  CHECK_THAT(table.output, Contains("holds no operating points"));
}

TEST_CASE_METHOD(PredictFixture, "melanoma comes first among the operating points that are reached") {
  card.operating_points = {{"NV", 0.0, 0.9, 0.7}, {"malignant", 0.0, 0.9, 0.7}, {"MEL", 0.0, 0.9, 0.7}};
  export_onnx(network, card, model);
  const std::string out = predict({files[0]}).output;
  const auto melanoma = out.find("! Melanoma"), malignant = out.find("! Malignant");
  REQUIRE(malignant != std::string::npos);
  CHECK(melanoma < malignant);
  CHECK(melanoma < out.find("! " + full_class_name("NV")));
}

TEST_CASE_METHOD(PredictFixture, "many images show progress on standard error, few do not") {
  CHECK(predict({"--json", images}).errors.empty());
  const std::vector<std::string> many(33, files[0]);
  const ProcessResult run = predict([&] {
    std::vector<std::string> arguments = many;
    arguments.insert(arguments.begin(), "--json");
    return arguments;
  }());
  CHECK(run.status == 0);
  CHECK_THAT(run.errors, Contains("predict") && Contains("33/33 images"));
  CHECK(json_lines(run.output).size() == 33);
}

TEST_CASE_METHOD(PredictFixture, "broken images among good ones are named, the good ones are answered") {
  const std::vector<std::byte> jpeg = jpeg_bytes(120, 80, 7);
  const std::string truncated = broken("truncated.jpg", std::span(jpeg).first(jpeg.size() / 2));
  const std::string empty = broken("empty.jpg", {});
  const std::string text = "this is no image";
  const std::string other = broken("text.jpg", std::as_bytes(std::span(text)));
  const std::string tiny = broken("tiny.png", png_bytes(1, 1, 1));
  const std::string forged = broken("forged.jpg", with_claimed_size(jpeg, 30000, 30000));
  const std::string absent = folder.path() / "absent.jpg";
  const std::vector<std::pair<std::string, std::string>> reasons = {{truncated, "truncated"},  {empty, "empty"},
                                                                    {other, "JPEG or PNG"},    {tiny, "1 x 1"},
                                                                    {forged, "30000 x 30000"}, {absent, "absent.jpg"}};

  for (const auto& [file, reason] : reasons) {
    CAPTURE(file);
    const ProcessResult run = predict({"--json", files[0], file, files[1]});
    CHECK(run.status == 1);
    CHECK_THAT(run.errors, Contains(file) && Contains(reason));
    const std::vector<nlohmann::json> lines = json_lines(run.output);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].contains("top"));
    CHECK(lines[1].at("image") == file);
    CHECK_THAT(lines[1].at("error").get<std::string>(), Contains(reason));
    CHECK_FALSE(lines[1].contains("top"));
    CHECK(lines[2].contains("top"));
  }

  const ProcessResult table = predict({files[0], truncated, empty});
  CHECK(table.status == 1);
  CHECK_THAT(table.output, Contains(files[0]) && !Contains(truncated));
  CHECK_THAT(table.errors, Contains(truncated) && Contains(empty) && Contains("2 of 3 images"));
  CHECK(predict({truncated, empty}).status == 1);
}

TEST_CASE_METHOD(PredictFixture, "models that are none are refused by name") {
  const auto with_model = [&](const std::string& path) {
    return run_dermdistill({"predict", "--model", path, files[0]});
  };
  const ProcessResult absent = with_model(folder.path() / "absent.onnx");
  CHECK(absent.status == 1);
  CHECK(absent.output.empty());
  CHECK_THAT(absent.errors, Contains("absent.onnx") && Contains("does not exist"));

  const std::vector<std::byte> bytes = read_file(model);
  const ProcessResult part = with_model(broken("part.onnx", std::span(bytes).first(bytes.size() / 2)));
  CHECK(part.status == 1);
  CHECK_THAT(part.errors, Contains("part.onnx") && Contains("only a part of one"));

  const std::string text = "notes about lesions";
  const ProcessResult notes = with_model(broken("notes.onnx", std::as_bytes(std::span(text))));
  CHECK(notes.status == 1);
  CHECK_THAT(notes.errors, Contains("notes.onnx") && Contains("not an ONNX model"));
}

TEST_CASE_METHOD(PredictFixture, "two models are compared by their logits") {
  const std::string other = folder.path() / "other.onnx";
  FoldedNetwork changed = network;
  changed.classifier_bias[3] += 0.25F;
  export_onnx(changed, card, other);
  const ProcessResult text = predict({"--against", other, images});
  CHECK(text.status == 0);
  CHECK_THAT(text.output, Contains("3 images: logits differ by at most 0.2500, by 0.0312 in the mean"));
  const nlohmann::json line = nlohmann::json::parse(predict({"--json", "--against", other, images}).output);
  CHECK(line.at("images") == 3);
  CHECK(line.at("largest_logit_difference").get<double>() == Approx(0.25).margin(1e-5));
  const ProcessResult same = predict({"--against", model, images});
  CHECK_THAT(same.output, Contains("at most 0.0000") && Contains("0 answers are another class"));

  card.orientations = 8;  // how often each would look by itself does not matter
  export_onnx(network, card, other);
  CHECK_THAT(predict({"--against", other, images}).output, Contains("at most 0.0000"));

  card.preprocessing.size = 96;
  export_onnx(network, card, other);
  const ProcessResult larger = predict({"--against", other, images});
  CHECK(larger.status == 1);
  CHECK_THAT(larger.errors, Contains("other.onnx") && Contains("another size"));
  const std::string text_file = "no picture";
  const ProcessResult bad = predict({"--against", model, broken("text.jpg", std::as_bytes(std::span(text_file)))});
  CHECK(bad.status == 1);
  CHECK_THAT(bad.errors, Contains("text.jpg"));
}

TEST_CASE_METHOD(PredictFixture, "an empty folder and missing options are refused") {
  std::filesystem::create_directories(folder.path() / "nothing");
  const ProcessResult nothing = predict({folder.path() / "nothing"});
  CHECK(nothing.status == 1);
  CHECK_THAT(nothing.errors, Contains("nothing") && Contains("no images"));
  CHECK(predict({}).status != 0);
  const ProcessResult help = run_dermdistill({"predict", "--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.output, Contains("Example") && Contains("dermdistill predict --model"));
}
