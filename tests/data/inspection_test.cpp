#include "native/data/inspection.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "tests/data/files.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE("an inspection finds everything that is wrong with a set") {
  const TemporaryFolder folder;
  put_text(folder.path() / "GroundTruth.csv",
           "image,MEL,NV,DF\nA,1,0,0\nB,0,1,0\nC,0,1,0\nD,0,1,0\nE,1,0,0\nF,1,0,0\n");
  put_text(folder.path() / "Metadata.csv", "image,lesion_id,age\nA,L1,50\nB,L1,\nC,L2,60\nD,L2,60\nQ,L9,60\n");
  const auto images = folder.path() / "images";
  put_image(images / "A.jpg", 1);
  put_image(images / "B.jpg", 1);  // equals A, another class
  put_image(images / "C.jpg", 2, 30, 40);
  put_image(images / "D.jpg", 2, 30, 40);  // equals C
  put_image(images / "E.jpg", 3);
  put_image(images / "Z.jpg", 4);  // no row
  const auto bytes = read_file(images / "E.jpg");
  write_file(images / "E.jpg", std::span(bytes).first(bytes.size() - 40));
  const Dataset dataset = load_dataset(folder.path());
  int reported = 0;
  const Inspection found =
      inspect_dataset(dataset, {.check_files = true, .threads = 2, .split = {}}, [&](int n) { reported += n; });
  CHECK(reported == 5);
  CHECK(found.images == std::vector<std::int64_t>{2, 3, 0});
  CHECK(found.lesions == std::vector<std::int64_t>{2, 2, 0});
  CHECK(found.missing_files == std::vector<std::string>{"F"});
  CHECK(found.unlisted_files == std::vector<std::string>{"images/Z.jpg"});
  CHECK(found.duplicates == std::vector<std::vector<std::string>>{{"A", "B"}, {"C", "D"}});
  CHECK(found.conflicts == std::vector<std::vector<std::string>>{{"A", "B"}});
  CHECK(found.lesions_in_two_classes == std::vector<std::string>{"L1"});
  CHECK(found.lesions_of_size.at(2) == 2);
  CHECK(found.with_age == 3);
  CHECK(found.sizes.at({30, 40}) == 2);
  REQUIRE(found.unreadable.size() == 1);
  CHECK(found.unreadable[0].first == "E");
  CHECK_THAT(found.unreadable[0].second, Contains("truncated"));
  CHECK_THAT(found.split_problem, Contains("class DF") && Contains("no images"));

  const std::string text = to_text(found);
  CHECK_THAT(text, Contains("1 row without a file (1 MEL): F") && Contains("1 image file without a row: images/Z.jpg"));
  CHECK_THAT(text, Contains("Images in the metadata that the ground truth does not list: 1 (Q)"));
  CHECK_THAT(text, Contains("A = B") && Contains("(empty)") && Contains("Unreadable: E") && Contains("30x40 (2)"));
  const nlohmann::json json = to_json(found);
  CHECK(json.at("conflicts").size() == 1);
  CHECK(json.at("unknown_rows") == nlohmann::json::array({"Q"}));
  CHECK(json.at("classes").at(0).at("missing") == 1);
}

TEST_CASE("the facts of the real ISIC 2019 set are reported") {
  const auto folder = data_dir() / "isic2019_84";
  if (!std::filesystem::exists(folder)) return skip("no isic2019_84 in " + data_dir().string());
  const Inspection found = inspect_dataset(load_dataset(folder), {.check_files = false, .threads = 2, .split = {}}, {});
  CHECK(found.missing_of_class == std::vector<std::int64_t>{0, 0, 0, 32, 0, 0, 0, 0});
  CHECK(found.duplicates.size() == 50);
  using Groups = std::vector<std::vector<std::string>>;
  CHECK(found.conflicts == Groups{{"ISIC_0067502", "ISIC_0067980"}, {"ISIC_0069013", "ISIC_0071017"}});
  CHECK(25299 - found.images_with_lesion == 2084);
  CHECK(found.lesions_in_two_classes.empty());
  CHECK(found.sizes.size() == 1);
  CHECK(found.sizes.at({84, 84}) == 25299);
  CHECK(found.split_problem.empty());
}
