// The report of a finished run says how its best model does on the validation part.
#include "native/train/run_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "native/base/files.h"
#include "native/train/distill.h"
#include "native/train/run_folder.h"
#include "native/train/teach.h"
#include "tests/report/markup.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

using testing::contains;

constexpr char kHeading[] = "<h2>On the validation part (used to choose the epoch, so these figures flatter)</h2>";

/// Curves first, then the evaluation with all its parts, then the configuration; of exactly the validation images.
void check_page(const std::filesystem::path& run, std::size_t validation_images) {
  const std::string page = read_text(run / "report.html");
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(testing::first_outside_reference(page) == "");
  std::size_t place = 0;
  for (const std::string& part :
       {std::string("Loss terms and learning rate</h3>"), std::string(kHeading),
        std::string("Sensitivity to melanoma</p>"), std::string("Balanced accuracy</p>"), std::string("Accuracy</p>"),
        std::string("<h3>Confusion matrix</h3>"), std::string("<h3>Classes</h3>"), std::string("<h3>ROC curves</h3>"),
        std::string("<h3>Reliability</h3>"), std::string("Reliability diagram"), std::string("<h3>Worst mistakes</h3>"),
        std::string("src=\"data:image/"), std::string("<h2>Configuration</h2>")}) {
    INFO(part);
    const std::size_t found = page.find(part, place);
    REQUIRE(found != std::string::npos);
    place = found;
  }
  CHECK(contains(page, "confidence interval, from 1000 bootstrap samples of lesions"));
  CHECK(contains(page, "<td>" + std::to_string(validation_images) + "</td>"));
  CHECK(contains(page, "validation part, split by lesion"));

  const auto stored = nlohmann::json::parse(read_text(run / "validation.json"));
  CHECK(stored.at("images") == validation_images);
  CHECK(stored.at("balanced_accuracy").contains("low"));
  const auto logged = read_checkpoint(run / "best.safetensors").card.metrics.at("validation");
  CHECK(stored.at("balanced_accuracy").at("value").get<double>() ==
        Approx(logged.at("balanced_accuracy").get<double>()));
  CHECK(stored.at("accuracy").at("value").get<double>() == Approx(logged.at("accuracy").get<double>()));
}

}  // namespace

TEST_CASE("A finished teacher run reports its best network on the validation part") {
  const testing::TemporaryFolder folder;
  const auto out = folder.path() / "teacher";
  RunConfig config = testing::tiny_teach_config();
  config.data.split.validation = 0.2;
  teach(config, out, false, {});
  check_page(out, open_training_data(config).validation.size());
}

TEST_CASE("A finished student run reports its best network, also when it is resumed once more") {
  const testing::TemporaryFolder folder;
  const auto out = folder.path() / "student";
  RunConfig config = testing::tiny_distill_config(Method::SsdKd);
  config.data.split.validation = 0.2;
  distill(config, out, false, {});
  const std::size_t images = open_training_data(config).validation.size();
  check_page(out, images);
  const std::string page = read_text(out / "report.html"), figures = read_text(out / "validation.json");
  std::filesystem::remove(out / "report.html");
  std::filesystem::remove(out / "validation.json");
  distill(RunFolder::open(out).read_config(), out, true, {});
  CHECK(read_text(out / "report.html") == page);
  CHECK(read_text(out / "validation.json") == figures);
}

TEST_CASE("A run without validation images reports its curves alone") {
  const testing::TemporaryFolder folder;
  const auto out = folder.path() / "student";
  RunConfig config = testing::tiny_distill_config(Method::Ce);
  config.data.split.validation = 0;
  distill(config, out, false, {});
  const std::string page = read_text(out / "report.html");
  CHECK(testing::first_markup_fault(page) == "");
  CHECK(contains(page, "Loss terms and learning rate"));
  CHECK_FALSE(contains(page, kHeading));
  CHECK_FALSE(std::filesystem::exists(out / "validation.json"));
}

}  // namespace dermdistill
