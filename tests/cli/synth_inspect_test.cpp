// The commands synth and inspect as a user runs them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "native/base/files.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

using Catch::Matchers::Contains;
using namespace dermdistill;
using namespace dermdistill::testing;

TEST_CASE("synth writes a set that inspect reads") {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "skin").string();
  const ProcessResult made =
      run_dermdistill({"synth", "--out", out, "--images", "48", "--size", "32", "--seed", "5", "--threads", "2"});
  CHECK(made.status == 0);
  CHECK_THAT(made.output, Contains("48 images of 8 classes are in " + out));
  CHECK_THAT(made.errors, Contains("48/48 images"));

  const ProcessResult again = run_dermdistill({"synth", "--out", out, "--images", "48"});
  CHECK(again.status == 1);
  CHECK(again.output.empty());
  CHECK_THAT(again.errors,
             Contains("dermdistill: error: " + out) && Contains("already has files") && Contains("--force"));

  const ProcessResult text = run_dermdistill({"inspect", "--data", out, "--check-files"});
  CHECK(text.status == 0);
  CHECK_THAT(text.output, Contains("official ISIC 2019 layout") && Contains("MEL") && Contains("####") &&
                              Contains("Split by lesion, seed 2019"));
  const ProcessResult json =
      run_dermdistill({"inspect", "--data", out, "--json", "--split", "image", "--split-seed", "3", "--threads", "1"});
  CHECK(json.status == 0);
  const nlohmann::json found = nlohmann::json::parse(json.output);
  CHECK(found.at("classes").size() == 8);
  CHECK(found.at("split").at("leaks") == true);
  CHECK(found.at("split").at("seed") == 3);
  CHECK(found.at("sizes").at(0).at("width") == 32);
}

TEST_CASE("inspect fails on a folder without images and on an unreadable image, and names them") {
  const TemporaryFolder folder;
  const ProcessResult empty = run_dermdistill({"inspect", "--data", folder.path().string()});
  CHECK(empty.status == 1);
  CHECK_THAT(empty.errors, Contains("dermdistill: error: " + folder.path().string()) && Contains("holds no images"));

  for (const char* name : {"MEL/broken.jpg", "NV/text.png"}) {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    write_text(folder.path() / name, "not a picture");
  }
  const ProcessResult unchecked = run_dermdistill({"inspect", "--data", folder.path().string()});
  CHECK(unchecked.status == 0);
  const ProcessResult checked = run_dermdistill({"inspect", "--data", folder.path().string(), "--check-files"});
  CHECK(checked.status == 1);
  CHECK_THAT(checked.output, Contains("Unreadable: MEL/broken.jpg") && Contains("Unreadable: NV/text.png"));
  CHECK_THAT(checked.errors, Contains("2 unreadable images"));
}

TEST_CASE("synth refuses numbers that make no sense") {
  const TemporaryFolder folder;
  const ProcessResult few = run_dermdistill({"synth", "--out", (folder.path() / "x").string(), "--images", "3"});
  CHECK(few.status == 1);
  CHECK_THAT(few.errors, Contains("the number of images: is 3") && Contains("40 to 1000000"));
  const ProcessResult small = run_dermdistill({"synth", "--out", (folder.path() / "x").string(), "--size", "8"});
  CHECK_THAT(few.errors, !Contains("0/3"));
  CHECK(small.status == 1);
  CHECK_THAT(small.errors, Contains("32 to 2048"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "x"));
}
