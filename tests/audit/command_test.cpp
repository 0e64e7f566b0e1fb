// dermdistill audit, through the real binary.
#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "native/audit/robustness.h"
#include "native/audit/stability.h"
#include "native/audit/strangers.h"
#include "native/base/files.h"
#include "native/onnx/export.h"
#include "native/train/model_file.h"
#include "tests/audit/audited.h"
#include "tests/onnx/test_models.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

/// A model with random weights and everything that an audit asks of a card.
class AuditFixture {
 public:
  AuditFixture() {
    card = test_card(kSmallNetwork, 32);
    Predictor predictor(network, card, kScoringBatch);
    const Dataset& dataset = audited_data();
    const Scores scores = score_samples(predictor, dataset, all_indices(dataset), card.preprocessing, "");
    gaussian = fit_gaussian(scores.early_embeddings, predictor.early_channels());
    card.out_of_distribution = fit_stranger_score(scores.early_embeddings, gaussian);
    export_onnx(network, card, model, {false, nullptr, &gaussian});
  }

  ProcessResult audit(std::vector<std::string> more, const std::filesystem::path& of) const {
    std::vector<std::string> arguments{"audit",     "--data", audited_folder(), "--model", of, "--split", "all",
                                       "--threads", "1",      "--bootstrap",    "20"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_dermdistill(arguments);
  }
  ProcessResult audit(const std::vector<std::string>& more) const { return audit(more, model); }

  TemporaryFolder folder;
  std::filesystem::path model = folder.path() / "model.onnx", strange = folder.path() / "strange";
  FoldedNetwork network = random_model(9, 32);
  ModelCard card;
  Gaussian gaussian;
};

}  // namespace

TEST_CASE_METHOD(AuditFixture, "audit prints groups, stability and strange pictures") {
  std::filesystem::create_directories(strange / "copies");
  std::filesystem::create_directories(strange / "broken");
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string name = std::to_string(i) + ".jpg";
    std::filesystem::copy_file(audited_data().samples[i].file, strange / "copies" / name);
  }
  write_text(strange / "broken" / "b.png", "not a picture");
  const std::filesystem::path file = folder.path() / "audit.json";
  const ProcessResult result = audit({"--strange", strange, "--report", file});
  INFO(result.errors);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.errors, Contains("warning: left out: ") && Contains("b.png") && Contains("all images hold those"));
  CHECK_THAT(result.output, Contains("on " + audited_folder().string() + ": all images") &&
                                Contains("operating point MEL >= 0.250") && Contains("female") &&
                                Contains("70 and over") && Contains("source: not in the data") &&
                                Contains("Skin type is not in the data") && Contains("20 bootstrap samples"));
  CHECK_THAT(result.output, Contains("mirrored, turned by 90 degrees") && Contains("mean of the 7") &&
                                Contains("JPEG quality 60") && Contains("changed by any of the 5"));
  CHECK_THAT(result.output, Contains("round black mask") && Contains("hair") && Contains("ruler") &&
                                Contains("stretched in width by 4 : 3") && Contains("changed by any of the 6"));
  CHECK_THAT(result.output, Contains("real images") && Contains("copies") && Contains("cannot be read: 1"));

  const ProcessResult line = audit({"--strange", strange, "--json"});
  REQUIRE(line.status == 0);
  CHECK(std::count(line.output.begin(), line.output.end(), '\n') == 1);
  const auto json = nlohmann::json::parse(line.output);
  CHECK(json == nlohmann::json::parse(read_text(file)));
  CHECK(json.at("subgroups").at("all").at("images") == 80);
  CHECK(json.at("subgroups").at("all").at("operating_points").at(0).at("target") == "MEL");
  CHECK(json.at("subgroups").at("body_site").is_array());
  CHECK(json.at("strange_pictures").at("strange").at("pictures") == 5);
  CHECK(json.at("strange_pictures").at("unreadable").size() == 1);

  // The same figures from the parts.
  const LoadedModel loaded = load_model(model);
  Predictor predictor(loaded.network, loaded.card, kScoringBatch);
  const VariedScores scores = score_variations(predictor, audited_data(), loaded.card.preprocessing, "");
  const std::vector<int> answers = predicted_classes(scores.upright.logits, 8);
  const Stability turned = compare_answers(answers, scores.turned);
  CHECK(json.at("stability").at("orientations").at("mean").get<double>() == Approx(turned.mean));
  CHECK(json.at("stability").at("orientations").at("any").get<double>() == Approx(turned.any));
  CHECK(json.at("stability").at("jpeg").at("changed").at("JPEG quality 60").get<double>() ==
        Approx(compare_answers(answers, scores.stored).variations.at(4).changed));

  // The undisturbed figures are those of all images, which are those of evaluate.
  const auto& disturbances = json.at("stability").at("disturbances");
  const auto& all = json.at("subgroups").at("all");
  const ProcessResult evaluated = run_dermdistill({"evaluate", "--data", audited_folder(), "--model", model, "--split",
                                                   "all", "--threads", "1", "--bootstrap", "20", "--json"});
  REQUIRE(evaluated.status == 0);
  const auto metrics = nlohmann::json::parse(evaluated.output).at("metrics");
  for (const char* figure : {"melanoma_auc", "balanced_accuracy"}) {
    CHECK(disturbances.at("undisturbed").at(figure) == all.at(figure));
    CHECK(disturbances.at("undisturbed").at(figure) == metrics.at(figure));
  }
  const Robustness robustness = compare_disturbances(scores, audited_data(), loaded.card.temperature, 2019, 0);
  CHECK(disturbances.at("mean").get<double>() == Approx(robustness.stability.mean));
  CHECK(disturbances.at("changed").at("hair").get<double>() == Approx(robustness.stability.variations.at(3).changed));
  CHECK(disturbances.at("disturbed").size() == 6);
  const auto& hair = disturbances.at("disturbed").at("hair").at("balanced_accuracy");
  CHECK(hair.at("value").get<double>() == Approx(robustness.disturbed.at(3).balanced_accuracy.value.value));
  CHECK(hair.at("change").at("value").get<double>() ==
        Approx(robustness.disturbed.at(3).balanced_accuracy.change.value));
  CHECK(hair.at("change").at("low").is_number());
}

TEST_CASE_METHOD(AuditFixture, "audit measures the test part unless it is told otherwise") {
  const ProcessResult result = run_dermdistill(
      {"audit", "--data", audited_folder(), "--model", model, "--threads", "1", "--bootstrap", "0", "--json"});
  INFO(result.errors);
  REQUIRE(result.status == 0);
  const auto json = nlohmann::json::parse(result.output);
  CHECK(json.at("part") == "test");
  CHECK(json.at("strange_pictures").is_null());
  CHECK(json.at("subgroups").at("all").at("images") ==
        static_cast<int>(split_dataset(audited_data(), SplitConfig{}).test.size()));
}

TEST_CASE_METHOD(AuditFixture, "audit says what is missing before it begins") {
  const auto error = [](const ProcessResult& result) {
    CHECK(result.status == 1);
    CHECK(result.output.empty());
    CHECK_THAT(result.errors, !Contains("Auditing"));
    return result.errors;
  };
  CHECK_THAT(error(audit({"--strange", folder.path() / "nowhere"})), Contains("nowhere: is not a folder"));
  std::filesystem::create_directories(strange);
  CHECK_THAT(error(audit({"--strange", strange})), Contains("strange: holds no pictures"));
  CHECK_THAT(error(audit({"--report", folder.path() / "absent" / "audit.json"})),
             Contains("audit.json: cannot be written"));
  CHECK_THAT(error(audit({}, folder.path() / "no.onnx")), Contains("no.onnx"));

  write_text(strange / "a.jpg", "not a picture");
  const ProcessResult unreadable = audit({"--strange", strange});
  CHECK(unreadable.status == 1);
  CHECK_THAT(unreadable.errors, Contains("none of the 1 can be read"));

  card.out_of_distribution = nlohmann::json::object();
  export_onnx(network, card, folder.path() / "no-score.onnx");
  CHECK_THAT(error(audit({"--strange", strange}, folder.path() / "no-score.onnx")),
             Contains("no-score.onnx: its card holds no score for strange pictures"));
  CHECK(audit({}, folder.path() / "no-score.onnx").status == 0);

  card.operating_points.clear();
  export_onnx(network, card, folder.path() / "no-point.onnx");
  CHECK_THAT(error(audit({}, folder.path() / "no-point.onnx")),
             Contains("no-point.onnx: its card holds no operating point of melanoma"));
}

TEST_CASE_METHOD(AuditFixture, "a model that looks at all orientations answers alike however a picture is turned") {
  const std::filesystem::path eight = folder.path() / "eight.onnx";
  card.orientations = 8;
  export_onnx(network, card, eight, {false, nullptr, &gaussian});
  const ProcessResult once = audit({"--json"}), result = audit({"--json"}, eight);
  INFO(result.errors);
  REQUIRE(result.status == 0);
  const auto json = nlohmann::json::parse(result.output);
  CHECK(json.at("orientations") == 8);
  CHECK(json.at("stability").at("orientations").at("any") == 0);
  CHECK(nlohmann::json::parse(once.output).at("stability").at("orientations").at("any") > 0);
  CHECK_THAT(audit({}, eight).output, Contains("mean over 8 orientations"));

  // Of four looks the mirrored ones are still run.
  card.orientations = 4;
  Predictor predictor(network, card, kScoringBatch);
  const VariedScores scores = score_variations(predictor, audited_data(), card.preprocessing, "");
  for (std::size_t k = 0; k < kOtherOrientations.size(); ++k)
    CHECK(answers_alike(predictor, kOtherOrientations[k]) == !kOtherOrientations[k].mirrored);
  CHECK(scores.turned.back().answers.size() == audited_data().samples.size());
}
