// The files that dermdistill evaluate writes for other programs.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "native/base/files.h"
#include "native/data/csv.h"
#include "native/train/model_file.h"
#include "native/train/scoring.h"
#include "tests/onnx/evaluate_fixture.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE_METHOD(EvaluateFixture, "evaluate writes a row an image with the probability of every class") {
  const std::string odd = "a, \"b\" .jpg";
  std::filesystem::rename(data / "NV" / "ISIC_3000.jpg", data / "NV" / odd);
  const std::filesystem::path csv = folder.path() / "predictions.csv";
  const ProcessResult result = command({"evaluate", "--data", data, "--model", run, "--split", "all", "--predictions",
                                        csv, "--bootstrap", "0", "--allow-other-split"});
  INFO(result.errors);
  REQUIRE(result.status == 0);

  const CsvTable table = CsvTable::read(csv);
  REQUIRE(table.columns() == std::vector<std::string>{"image", "label", "lesion_id", "file", "BCC", "MEL", "NV"});
  const Dataset dataset = load_dataset(data);
  REQUIRE(table.rows() == dataset.samples.size());
  const LoadedModel model = load_model(run);
  Predictor predictor(model.network, model.card, kScoringBatch);
  const Scores scores = score_samples(predictor, dataset, all_indices(dataset), model.card.preprocessing, "");
  const Predictions predictions = to_predictions(scores, dataset, model.card.temperature);
  int odd_names = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const Sample& sample = dataset.samples[row];
    REQUIRE(table.cell(row, 0) == sample.id);
    REQUIRE(table.cell(row, 1) == dataset.classes[static_cast<std::size_t>(sample.label)]);
    REQUIRE(table.cell(row, 2).empty());  // a folder per class knows no lesions
    REQUIRE(table.cell(row, 3) == sample.file.string());
    odd_names += sample.id == "NV/" + odd ? 1 : 0;
    for (std::size_t c = 0; c < 3; ++c)
      REQUIRE(std::stof(table.cell(row, 4 + c)) == predictions.probabilities[3 * row + c]);
  }
  CHECK(odd_names == 1);
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate writes its curves as pictures into a folder that it makes") {
  const std::filesystem::path plots = folder.path() / "new" / "plots";
  const ProcessResult result =
      command({"evaluate", "--data", data, "--model", run, "--plots", plots, "--bootstrap", "0"});
  INFO(result.errors);
  REQUIRE(result.status == 0);
  for (const char* name : {"roc.svg", "reliability.svg", "confusion.svg", "sensitivity-specificity.svg"}) {
    INFO(name);
    CHECK_THAT(read_text(plots / name), Contains("<svg xmlns") && Contains("test part, split by lesion, seed 7"));
  }
  CHECK_THAT(result.output, Contains("Plots: " + plots.string()));

  write_text(folder.path() / "file", "");
  const ProcessResult refused =
      command({"evaluate", "--data", data, "--model", run, "--plots", folder.path() / "file" / "plots"});
  CHECK(refused.status == 1);
  CHECK_THAT(refused.errors, Contains("plots: cannot be made") && !Contains("Evaluating"));
}

TEST_CASE_METHOD(EvaluateFixture, "evaluate finds a table that cannot be written before the work") {
  const ProcessResult result = command(
      {"evaluate", "--data", data, "--model", run, "--predictions", folder.path() / "absent" / "predictions.csv"});
  CHECK(result.status == 1);
  CHECK_THAT(result.errors, Contains("predictions.csv: cannot be written") && !Contains("Evaluating"));
}
