#include "native/audit/strangers.h"

#include <catch2/catch.hpp>

#include "native/base/files.h"
#include "tests/audit/audited.h"
#include "tests/onnx/test_models.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

constexpr double kThreshold = 2.75;

std::vector<StrangerVerdict> verdicts(const std::vector<double>& scores) {
  std::vector<StrangerVerdict> result;
  for (const double score : scores) result.push_back({score, kThreshold, score > kThreshold});
  return result;
}

}  // namespace

TEST_CASE("shares and AUROC of known scores") {
  const std::vector<int> labels{0, 0, 2, 2};
  const std::vector<std::string> classes{"MEL", "NV", "BCC"};
  const StrangeVerdicts strange{
      {"text", "noise", "text"}, verdicts({2.5, 1, 4}), {{"broken.jpg", "broken.jpg: is no picture"}}};
  const StrangerReport report = compare_strangers(verdicts({0, 1, 2, 3}), labels, classes, strange);
  CHECK(report.threshold == kThreshold);
  CHECK(report.real.pictures == 4);
  CHECK(report.real.refused == 1);
  REQUIRE(report.real_classes.size() == 2);  // of NV there is none
  CHECK(report.real_classes[0].name == "MEL");
  CHECK(report.real_classes[0].share() == 0);
  CHECK(report.real_classes[1].name == "BCC");
  CHECK(report.real_classes[1].share() == 0.5);
  REQUIRE(report.kinds.size() == 2);
  CHECK(report.kinds[0].refusals.name == "noise");
  CHECK(report.kinds[0].refusals.share() == 0);
  CHECK(report.kinds[0].auroc == Approx(1.5 / 4));  // above 0, as high as 1
  CHECK(report.kinds[1].refusals.name == "text");
  CHECK(report.kinds[1].refusals.share() == 0.5);
  CHECK(report.kinds[1].auroc == Approx(7.0 / 8));
  CHECK(report.strange.refusals.pictures == 3);
  CHECK(report.strange.refusals.refused == 1);
  CHECK(report.strange.auroc == Approx(8.5 / 12));
  REQUIRE(report.unreadable.size() == 1);
  CHECK(report.unreadable[0].file == "broken.jpg");

  CHECK_THAT(thrown_by([&] { compare_strangers({}, {}, classes, strange); }), Contains("no real images"));
  CHECK_THAT(thrown_by([&] {
               compare_strangers(verdicts({0, 1, 2, 3}), labels, classes, {});
             }),
             Contains("no strange ones"));
  CHECK_THAT(thrown_by([&] { compare_strangers(verdicts({0}), labels, classes, strange); }),
             Contains("not as many as verdicts"));
}

TEST_CASE("subfolders are the kinds of strange pictures") {
  const TemporaryFolder folder;
  for (const char* file : {"text/a.png", "text/deeper/b.JPG", "noise/c.jpeg", "d.jpg", "noise/notes.txt"}) {
    std::filesystem::create_directories((folder.path() / file).parent_path());
    write_text(folder.path() / file, "any bytes");
  }
  for (const std::filesystem::path& given : {folder.path(), folder.path() / ""}) {
    std::vector<std::string> kinds;
    for (const StrangePicture& picture : find_strange_pictures(given)) {
      kinds.push_back(picture.kind + ":" + picture.file.filename().string());
    }
    CHECK(kinds == std::vector<std::string>{"other:d.jpg", "noise:c.jpeg", "text:a.png", "text:b.JPG"});
  }

  std::filesystem::create_directories(folder.path() / "empty");
  CHECK_THAT(thrown_by([&] { find_strange_pictures(folder.path() / "empty"); }),
             Contains("empty: holds no pictures") && Contains("in a subfolder for each kind"));
  CHECK_THAT(thrown_by([&] { find_strange_pictures(folder.path() / "nowhere"); }),
             Contains("nowhere: is not a folder"));
}

TEST_CASE("strange pictures are scored as real ones are, and broken ones are left out by name") {
  const ModelCard card = test_card(kSmallNetwork, 32);
  Predictor predictor(random_model(5, 32), card, kScoringBatch);
  const Dataset& dataset = audited_data();
  const Scores scores = score_samples(predictor, dataset, all_indices(dataset), card.preprocessing, "");
  const Gaussian gaussian = fit_gaussian(scores.early_embeddings, predictor.early_channels());
  const auto entry = fit_stranger_score(scores.early_embeddings, gaussian);
  const StrangerScore score = StrangerScore::from(entry, &gaussian, "model").value();

  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "lesions");
  for (std::size_t i = 0; i < 40; ++i) {  // more than a batch
    std::string name = std::to_string(100 + i) + ".jpg";
    std::filesystem::copy_file(dataset.samples[i].file, folder.path() / "lesions" / name);
  }
  write_text(folder.path() / "lesions" / "120b.jpg", "not a picture");
  const auto pictures = find_strange_pictures(folder.path());
  const StrangeVerdicts strange = judge_strange_pictures(predictor, score, pictures, card.preprocessing, "");
  REQUIRE(strange.unreadable.size() == 1);
  CHECK_THAT(strange.unreadable[0].file, Contains("120b.jpg"));
  CHECK_THAT(strange.unreadable[0].problem, Contains("120b.jpg"));

  const std::vector<StrangerVerdict> real = judge_images(score, scores);
  REQUIRE(real.size() == 80);
  REQUIRE(strange.verdicts.size() == 40);
  for (std::size_t i = 0; i < 40; ++i) CHECK(strange.verdicts[i].score == Approx(real[i].score).epsilon(1e-4));
  std::int64_t refused = 0;
  for (const StrangerVerdict& verdict : real) refused += verdict.unlike;
  CHECK(refused == 1);  // the threshold keeps 99 % of the 80 images that it was fitted on

  const std::vector<StrangePicture> broken{{folder.path() / "lesions" / "120b.jpg", "lesions"}};
  CHECK_THAT(thrown_by([&] { judge_strange_pictures(predictor, score, broken, card.preprocessing, ""); }),
             Contains("none of the 1 can be read") && Contains("120b.jpg"));
}
