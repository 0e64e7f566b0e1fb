// dermdistill export and evaluate, through the real binary, on a small folder per class.
#include <fstream>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/io/safetensors.h"
#include "core/learn/temperature.h"
#include "core/metrics/metrics.h"
#include "native/base/files.h"
#include "native/data/split.h"
#include "native/train/checkpoint.h"
#include "native/train/export_card.h"
#include "native/train/model_file.h"
#include "tests/onnx/evaluate_fixture.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE_METHOD(EvaluateFixture, "export fits the card on the run's own validation part") {
  const ProcessResult exported = command(
      {"export", "--model", run, "--out", onnx, "--notice", "Weights: Apache-2.0", "--notice", "Second notice"});
  INFO(exported.errors);
  REQUIRE(exported.status == 0);
  CHECK_THAT(exported.output, Contains("temperature") && Contains("MEL") && Contains("Apache-2.0"));
  const auto melanoma = exported.output.find("validation: melanoma sensitivity"),
             balanced = exported.output.find("balanced accuracy"), plain = exported.output.find(", accuracy");
  REQUIRE(plain != std::string::npos);
  CHECK(melanoma < balanced);
  CHECK(balanced < plain);

  const LoadedModel model = load_model(onnx);
  const Dataset dataset = load_dataset(data);
  const std::vector<int> validation = split_dataset(dataset, split).validation;
  LoadedModel start = load_model(run);
  Predictor predictor(start.network, start.card, kScoringBatch);
  const Scores scores = score_samples(predictor, dataset, validation, start.card.preprocessing, "");
  Gaussian early =
      fit_gaussian(score_samples(predictor, dataset, split_dataset(dataset, split).train, start.card.preprocessing, "")
                       .early_embeddings,
                   predictor.early_channels());
  calibrate_card(start.card, scores, dataset, 2019, &early);
  CHECK(model.card.temperature == Approx(start.card.temperature).epsilon(1e-4));
  CHECK(model.card.temperature != 1);
  REQUIRE(model.card.operating_points.size() == 4);  // melanoma and malignant at 90 and 95 % sensitivity
  for (const OperatingPoint& point : model.card.operating_points) CHECK(point.sensitivity >= 0.9);
  CHECK(model.card.metrics.at("validation").at("images") == static_cast<int>(validation.size()));
  CHECK(model.card.out_of_distribution.at("threshold").get<double>() ==
        Approx(start.card.out_of_distribution.at("threshold").get<double>()).epsilon(1e-4));
  CHECK(model.card.out_of_distribution.at("kept") == 0.99);
  REQUIRE(model.early_statistics);
  CHECK(model.early_statistics->channels == predictor.early_channels());
  REQUIRE(model.card.notices.size() == 4);
  CHECK(model.card.notices.at(0) == "a notice");  // the run's own
  CHECK_THAT(model.card.notices.at(1).get<std::string>(), Contains("non-commercial"));
  CHECK(model.card.notices.at(2) == "Weights: Apache-2.0");
  // The file is made to be given away: it says which data, not where they were.
  CHECK(to_json_text(model.card).find(folder.path().string()) == std::string::npos);
  CHECK(model.card.training.at("data").at("split") == to_json(split));

  REQUIRE(command({"export", "--model", run, "--out", folder.path() / "again.onnx", "--notice", "Weights: Apache-2.0",
                   "--notice", "Second notice"})
              .status == 0);
  CHECK(read_file(folder.path() / "again.onnx") == read_file(onnx));

  // From the file alone, and the data.
  std::filesystem::remove(folder.path() / "again.onnx");
  const ProcessResult from_file =
      command({"export", "--model", onnx, "--data", data, "--out", folder.path() / "again.onnx"});
  INFO(from_file.errors);
  REQUIRE(from_file.status == 0);
  CHECK(read_file(folder.path() / "again.onnx") == read_file(onnx));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate shows the same images by other files and says what changes") {
  const std::filesystem::path others = folder.path() / "others";
  std::filesystem::create_directories(others);
  const Dataset own = load_dataset(data);
  // Half of them, and every one with the same picture.
  for (std::size_t i = 0; i < own.samples.size(); i += 2)
    std::filesystem::copy_file(own.samples.front().file, others / own.samples[i].file.filename());
  const std::vector<std::string> arguments = {"evaluate", "--data", data,          "--model", run,
                                              "--split",  "all",    "--bootstrap", "0"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return command(more);
  };
  const ProcessResult same = with({"--pictures", data, "--json"}),
                      other = with({"--pictures", others.string(), "--json"});
  INFO(same.errors << other.errors);
  REQUIRE(same.status == 0);
  REQUIRE(other.status == 0);
  const auto unchanged = nlohmann::json::parse(same.output), changed = nlohmann::json::parse(other.output);
  CHECK(unchanged.at("own_pictures").at("changed_answers") == 0.0);
  CHECK(unchanged.at("own_pictures").at("metrics").at("accuracy") == unchanged.at("metrics").at("accuracy"));
  CHECK(changed.at("metrics").at("melanoma_auc").at("value") == 0.5);  // nothing tells the same picture apart
  CHECK(changed.at("metrics").at("images") == (own.samples.size() + 1) / 2);
  CHECK_THAT(with({"--pictures", others.string()}).output, Contains("answers that are another class"));

  CHECK_THAT(with({"--pictures", folder.path() / "nowhere"}).errors, Contains("nowhere: is not a folder"));
  std::filesystem::create_directories(folder.path() / "empty");
  CHECK_THAT(with({"--pictures", folder.path() / "empty"}).errors, Contains("holds no picture of these images"));
}

TEST_CASE("answers that change are counted") {
  const Scores a{{0, 1, 2, 3}, {0, 1, 0, 1}, {2, 1, 2, 1, 0, 3, 5, 4}},
      b{{0, 1, 2, 3}, {0, 1, 0, 1}, {3, 1, 1, 2, 0, 9, 4, 4.5f}};
  CHECK(share_of_changed_answers(a, a) == 0);
  CHECK(share_of_changed_answers(a, b) == 0.5);
}

TEST_CASE_METHOD(EvaluateFixture, "a limit of detail goes into the exported card") {
  REQUIRE(command({"export", "--model", run, "--out", onnx, "--detail", "40"}).status == 0);
  CHECK(load_model(onnx).card.preprocessing.detail == 40);
  const std::vector<std::string> arguments = {"evaluate", "--data", data,          "--model",
                                              onnx,       "--json", "--bootstrap", "0"};
  const auto metrics_with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return nlohmann::json::parse(command(more).output).at("metrics");
  };
  CHECK(metrics_with({}) == metrics_with({"--detail", "40"}));
  CHECK(metrics_with({"--detail", "4"}) != metrics_with({"--detail", "40"}));
}

TEST_CASE_METHOD(EvaluateFixture, "a number of orientations goes into the exported card, and evaluate looks so often") {
  const ProcessResult exported = command({"export", "--model", run, "--out", onnx, "--orientations", "8"});
  REQUIRE(exported.status == 0);
  CHECK_THAT(exported.output, Contains("in 8 orientations"));
  const LoadedModel model = load_model(onnx);
  CHECK(model.card.orientations == 8);
  // What the card was fitted on is what such a model says.
  const Dataset dataset = load_dataset(data);
  Predictor predictor(model.network, model.card, kScoringBatch);
  const std::vector<int> validation = split_dataset(dataset, split).validation;
  const Scores scores = score_samples(predictor, dataset, validation, model.card.preprocessing, "");
  CHECK(model.card.temperature == Approx(fit_temperature(scores.logits, scores.labels, 3)).epsilon(1e-4));

  const auto table_with = [&](std::vector<std::string> more) {
    const std::filesystem::path table = folder.path() / "table.csv";
    more.insert(more.begin(),
                {"evaluate", "--data", data, "--model", onnx, "--predictions", table, "--bootstrap", "0"});
    REQUIRE(command(more).status == 0);
    return read_text(table);
  };
  CHECK(table_with({}) == table_with({"--orientations", "8"}));
  CHECK(table_with({"--orientations", "1"}) != table_with({"--orientations", "8"}));
  const ProcessResult refused = command({"export", "--model", run, "--out", onnx, "--orientations", "3"});
  CHECK(refused.status != 0);
  CHECK_THAT(refused.errors, Contains("--orientations"));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate measures the test part of the model's own split") {
  REQUIRE(command({"export", "--model", run, "--out", onnx}).status == 0);
  const Dataset dataset = load_dataset(data);
  const std::vector<int> test = split_dataset(dataset, split).test;
  for (const std::filesystem::path& model : {run, onnx}) {
    CAPTURE(model);
    const ProcessResult result = command({"evaluate", "--data", data, "--model", model, "--json", "--bootstrap", "20"});
    INFO(result.errors);
    REQUIRE(result.status == 0);
    const auto json = nlohmann::json::parse(result.output);
    CHECK(json.at("split") == to_json(split));
    CHECK(json.at("metrics").at("images") == static_cast<int>(test.size()));
    if (model == onnx) {
      CHECK(json.at("warnings").empty());
    } else {
      REQUIRE(json.at("warnings").size() == 1);
      CHECK_THAT(json.at("warnings").at(0).get<std::string>(), Contains("holds no operating points"));
      CHECK_THAT(result.errors, Contains("warning") && Contains("holds no operating points"));
    }

    const LoadedModel loaded = load_model(model);
    Predictor predictor(loaded.network, loaded.card, kScoringBatch);
    const Scores scores = score_samples(predictor, dataset, test, loaded.card.preprocessing, "");
    CHECK(json.at("metrics").at("accuracy").at("value").get<double>() ==
          Approx(accuracy(scores.logits, scores.labels, 3)));
  }
}

TEST_CASE_METHOD(EvaluateFixture,
                 "evaluate prints melanoma sensitivity and balanced accuracy first and writes the report") {
  const ProcessResult result = command({"evaluate", "--data", data, "--model", run, "--split", "validation", "--report",
                                        folder.path() / "report.html", "--bootstrap", "20"});
  INFO(result.errors);
  REQUIRE(result.status == 0);
  const auto melanoma = result.output.find("melanoma sensitivity"), balanced = result.output.find("balanced accuracy"),
             plain = result.output.find("\n  accuracy");
  REQUIRE(plain != std::string::npos);
  CHECK(melanoma < balanced);
  CHECK(balanced < plain);
  CHECK_THAT(result.output, Contains("validation part, split by lesion, seed 7") && Contains("confusion"));
  CHECK_THAT(read_text(folder.path() / "report.html"), Contains("<svg") && Contains("<img src=\"data:"));

  const ProcessResult without =
      command({"evaluate", "--data", data, "--model", run, "--split", "validation", "--report",
               folder.path() / "without.html", "--no-pictures", "--bootstrap", "0"});
  REQUIRE(without.status == 0);
  CHECK_THAT(read_text(folder.path() / "without.html"), Contains("<svg") && !Contains("<img"));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate warns of what makes figures too good") {
  const auto warnings = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"evaluate", "--data", data, "--model", run, "--bootstrap", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProcessResult result = command(arguments);
    CHECK(result.status == 0);
    return result.errors;
  };
  REQUIRE(command({"export", "--model", run, "--out", onnx}).status == 0);
  CHECK_THAT(command({"evaluate", "--data", data, "--model", onnx, "--bootstrap", "0"}).errors, !Contains("warning"));
  CHECK_THAT(warnings({"--split", "test"}), !Contains("split") && !Contains("training"));
  CHECK_THAT(warnings({"--split", "train"}), Contains("images of the training"));
  CHECK_THAT(warnings({"--split", "all"}), Contains("all images hold those"));
  CHECK_THAT(warnings({"--split-seed", "8", "--allow-other-split"}),
             Contains("trained with another split (by lesion, seed 7)"));
  CHECK_THAT(warnings({"--split-rule", "image", "--allow-other-split"}), Contains("leaks") && Contains("too good"));
}

TEST_CASE_METHOD(EvaluateFixture,
                 "validation images without an error do not choose a temperature, and the card says so") {
  LoadedModel model = load_model(run);
  const Dataset dataset = load_dataset(data);
  Scores scores;
  scores.samples = all_indices(dataset);
  for (const Sample& sample : dataset.samples) {
    scores.labels.push_back(sample.label);
    for (int c = 0; c < 3; ++c) scores.logits.push_back(c == sample.label ? 2.0F : 0.0F);
  }
  calibrate_card(model.card, scores, dataset, 2019, nullptr);
  CHECK(model.card.temperature == 1);
  CHECK_THAT(model.card.training.at("calibration").get<std::string>(), Contains("not fitted: of 60 validation images"));
  scores.logits[static_cast<std::size_t>(scores.labels[0])] = -1;  // the first image's own class
  calibrate_card(model.card, scores, dataset, 2019, nullptr);
  CHECK(model.card.temperature != 1);
  CHECK_FALSE(model.card.training.contains("calibration"));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate says what the model's teacher or initial weights have seen") {
  Checkpoint checkpoint = read_checkpoint(run / "best.safetensors");
  SplitConfig other = split;
  other.seed = 1234;
  const nlohmann::json known = {{"fingerprint", "abcdef0123456789"}, {"split", to_json(other)}};
  checkpoint.card.training["other_splits"] = nlohmann::json::array({known});
  write_checkpoint(run / "best.safetensors", checkpoint);
  const ProcessResult result = command({"evaluate", "--data", data, "--model", run, "--bootstrap", "0", "--json"});
  INFO(result.errors);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.errors, Contains("another split (data abcdef012345") && Contains("seed 1234") &&
                                Contains("may have seen these images"));
  CHECK_THAT(nlohmann::json::parse(result.output).at("warnings").dump(), Contains("seed 1234"));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate refuses a split that contradicts the model's own") {
  const auto error = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"evaluate", "--data", data, "--model", run, "--bootstrap", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProcessResult result = command(arguments);
    CHECK(result.status == 1);
    CHECK(result.output.empty());
    return result.errors;
  };
  CHECK_THAT(error({"--split-seed", "8"}), Contains("split by lesion, seed 8: contradicts") &&
                                               Contains("trained with the split by lesion, seed 7") &&
                                               Contains("--allow-other-split"));
  CHECK_THAT(error({"--split-rule", "image"}), Contains("split by image") && Contains("--allow-other-split"));
  CHECK(command({"evaluate", "--data", data, "--model", run, "--bootstrap", "0", "--split-seed", "7"}).status == 0);
  // The bootstrap's seed leaves the images alone.
  CHECK(command({"evaluate", "--data", data, "--model", run, "--bootstrap", "20", "--seed", "8"}).status == 0);
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate finds a report that cannot be written before the work") {
  const auto error = [&](const std::filesystem::path& report) {
    const ProcessResult result = command({"evaluate", "--data", data, "--model", run, "--report", report});
    CHECK(result.status == 1);
    CHECK(result.output.empty());
    CHECK_THAT(result.errors, !Contains("Evaluating"));
    return result.errors;
  };
  CHECK_THAT(error(folder.path() / "absent" / "report.html"),
             Contains("report.html: cannot be written") && Contains("absent to exist"));
  CHECK_THAT(error(folder.path()), Contains("it is a folder"));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate names the fold of the model's split") {
  split.folds = 3;
  split.fold = 2;
  write_text(run / "config.json", nlohmann::json{{"data", {{"split", to_json(split)}}}}.dump());
  const ProcessResult result = command({"evaluate", "--data", data, "--model", run, "--bootstrap", "0"});
  INFO(result.errors);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Contains("test part, split by lesion, seed 7, fold 2 of 3"));
}

TEST_CASE_METHOD(EvaluateFixture, "missing files, metadata of unlisted images and images of UNK are said") {
  const std::filesystem::path set = folder.path() / "listed";
  std::string truth = "image,BCC,MEL,NV,UNK\n", metadata = "image,lesion_id\nX9,L9\n";
  std::filesystem::create_directories(set / "images");
  for (int i = 0; i < 40; ++i) {
    const std::string id = "I" + std::to_string(100 + i);
    const int label = i % 4;
    truth += id;
    for (int c = 0; c < 4; ++c) truth += c == label ? ",1" : ",0";
    truth += "\n";
    metadata += id + ",L" + std::to_string(i) + "\n";
    if (i >= 36) continue;  // without a file
    write_file(set / "images" / (id + ".jpg"), jpeg_bytes(40, 40, static_cast<std::uint64_t>(i)));
  }
  write_text(set / "GroundTruth.csv", truth);
  write_text(set / "Metadata.csv", metadata);
  const ProcessResult evaluated =
      command({"evaluate", "--data", set, "--model", run, "--split", "all", "--bootstrap", "0", "--json"});
  INFO(evaluated.errors);
  REQUIRE(evaluated.status == 0);
  CHECK(nlohmann::json::parse(evaluated.output).at("metrics").at("images") == 27);
  const auto check_rows = [](const std::string& error) {
    CHECK_THAT(error, Contains("4 of 40 listed images have no file: I136, I137, I138 and 1 more"));
    CHECK_THAT(error, Contains("images in the metadata that the ground truth does not list: 1 (X9)"));
    CHECK_THAT(error, Contains("of class UNK, which the model does not know, left out"));
  };
  check_rows(evaluated.errors);
  CHECK_THAT(evaluated.errors, Contains("warning: 9 images of class UNK"));

  const ProcessResult exported = command({"export", "--model", run, "--out", onnx, "--data", set});
  INFO(exported.errors);
  REQUIRE(exported.status == 0);
  check_rows(exported.errors);
}

TEST_CASE_METHOD(EvaluateFixture, "classes that the model does not know, a broken image and wrong options are named") {
  CHECK_THAT(command({"evaluate", "--data", data, "--model", run, "--split", "some"}).errors, Contains("test"));
  CHECK_THAT(command({"evaluate", "--data", folder.path() / "absent", "--model", run}).errors, Contains("absent"));
  CHECK_THAT(command({"export", "--model", folder.path() / "absent", "--out", onnx}).errors,
             Contains("absent") && Contains("does not exist"));
  CHECK_FALSE(std::filesystem::exists(onnx));

  std::ofstream(data / "MEL" / "ISIC_2000.jpg", std::ios::trunc) << "no image";
  const ProcessResult broken =
      command({"evaluate", "--data", data, "--model", run, "--split", "all", "--bootstrap", "0"});
  CHECK(broken.status == 1);
  CHECK_THAT(broken.errors, Contains("ISIC_2000.jpg"));

  std::filesystem::rename(data / "NV", data / "XYZ");
  const ProcessResult unknown = command({"evaluate", "--data", data, "--model", run, "--bootstrap", "0"});
  CHECK(unknown.status == 1);
  CHECK_THAT(unknown.errors, Contains("XYZ"));
}
