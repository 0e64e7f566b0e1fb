#include "native/data/dataset.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/data/files.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

std::string load_error(const std::filesystem::path& folder) {
  return message_of<Error>([&] { load_dataset(folder); });
}

void put_images(const std::filesystem::path& folder, const std::vector<std::string>& ids) {
  int variant = 0;
  for (const std::string& id : ids) put_image(folder / (id + ".jpg"), ++variant);
}

}  // namespace

TEST_CASE("ISIC's layout is read by its columns' names") {
  const TemporaryFolder folder;
  put_text(
      folder.path() / "ISIC_2019_Training_GroundTruth.csv",
      "weight,image,NV,MEL,UNK,remark\r\n0.5,I2,1.0,0.0,0.0,x\r\n0.7,I1,0,1,0,\"a,b\"\r\n1,I3,1,,0,\r\n1,I9,1,0,,\r\n");
  put_text(folder.path() / "ISIC_2019_Training_Metadata.csv",
           "image,sex,age_approx,anatom_site_general,lesion_id,extra\nI1,female,55.0,anterior "
           "torso,L1,\nI2,unknown,,,,\nI3,male,5,,L1,\nI77,male,5,,L1,\n");
  put_images(folder.path() / "ISIC_2019_Training_Input", {"I1", "I2", "I3", "I5"});
  const Dataset dataset = load_dataset(folder.path());
  CHECK(dataset.layout == Layout::Isic2019);
  CHECK(dataset.classes == std::vector<std::string>{"NV", "MEL"});
  REQUIRE(dataset.samples.size() == 3);
  CHECK(dataset.samples[0].id == "I1");
  CHECK(dataset.samples[0].label == 1);
  CHECK(dataset.samples[0].lesion == "L1");
  CHECK(dataset.samples[0].age == 55.0);
  CHECK(dataset.samples[0].sex == "female");
  CHECK(dataset.samples[0].site == "anterior torso");
  CHECK(dataset.samples[1].label == 0);
  CHECK(dataset.samples[1].lesion == "I2");
  CHECK_FALSE(dataset.samples[1].lesion_known);
  CHECK(std::isnan(dataset.samples[1].age));
  CHECK(dataset.samples[1].sex.empty());
  CHECK(dataset.missing_files == std::vector<std::string>{"I9"});
  CHECK(dataset.unlisted_files == std::vector<std::string>{"ISIC_2019_Training_Input/I5.jpg"});
  CHECK(dataset.counts() == std::vector<std::int64_t>{2, 1});
}

TEST_CASE("UNK is a class when a row has it, and class columns of one's own are accepted") {
  const TemporaryFolder folder;
  put_images(folder.path(), {"A", "B"});
  put_text(folder.path() / "GroundTruth.csv", "image,MEL,NV,UNK\nA,1,0,0\nB,0,0,1\n");
  CHECK(load_dataset(folder.path()).classes == std::vector<std::string>{"MEL", "NV", "UNK"});
  put_text(folder.path() / "GroundTruth.csv", "image,age,wart,mole\nA,50,1,0\nB,60,0,1\n");
  CHECK(load_dataset(folder.path()).classes == std::vector<std::string>{"wart", "mole"});
}

TEST_CASE("what is wrong with a ground truth is said with its line") {
  const TemporaryFolder folder;
  const auto truth = folder.path() / "GroundTruth.csv";
  put_images(folder.path() / "images", {"A", "B"});
  const auto error = [&](const char* text) {
    put_text(truth, text);
    return load_error(folder.path());
  };
  CHECK_THAT(error("image,age\nA,50\nB,60\n"),
             Contains("GroundTruth.csv") && Contains("no class columns") && Contains("image, age") && Contains("MEL"));
  CHECK_THAT(error("picture,MEL,NV\nA,1,0\n"), Contains("no column \"image\"") && Contains("picture, MEL, NV"));
  CHECK_THAT(error("image,MEL,NV\nA,1,0\nB,1,1.0\n"),
             Contains("line 3") && Contains("\"B\"") && Contains("the labels MEL, NV") && Contains("exactly one"));
  CHECK_THAT(error("image,MEL,NV\nA,0,\n"), Contains("line 2") && Contains("no label"));
  CHECK_THAT(error("image,MEL,NV\nA,0.5,0\n"),
             Contains("line 2") && Contains("column MEL") && Contains("\"0.5\"") && Contains("0 or 1"));
  CHECK_THAT(error("image,MEL,NV\nA,1,0\nA.jpg,1,0\n"), Contains("line 3") && Contains("listed twice"));
  CHECK_THAT(error("image,MEL,NV\n,1,0\n"), Contains("line 2") && Contains("id is empty"));
  CHECK_THAT(error("image,MEL,NV\nX1,1,0\nX2,0,1\n"), Contains("none of the 2 images") && Contains("X1.jpg"));
}

TEST_CASE("a folder without images, without labels or that is not there is refused") {
  const TemporaryFolder folder;
  CHECK_THAT(load_error(folder.path() / "absent"), Contains("absent") && Contains("does not exist"));
  CHECK_THAT(load_error(folder.path()), Contains(folder.path().string()) && Contains("holds no images"));
  put_text(folder.path() / "GroundTruth.csv", "image,MEL,NV\nA,1,0\n");
  CHECK_THAT(load_error(folder.path()), Contains("holds no images") && Contains("GroundTruth.csv"));
  std::filesystem::remove(folder.path() / "GroundTruth.csv");
  put_images(folder.path(), {"A", "B"});
  CHECK_THAT(load_error(folder.path()), Contains("images without labels"));
  put_text(folder.path() / "notes.csv", "image,remark\nA,x\n");
  CHECK_THAT(load_error(folder.path()), Contains("notes.csv") && Contains("no column with the class"));
  put_image(folder.path() / "more" / "A.jpg", 4);
  put_text(folder.path() / "notes.csv", "image,dx\nA,nv\nB,mel\n");
  CHECK_THAT(load_error(folder.path()), Contains("\"A\"") && Contains("two files"));
  put_text(folder.path() / "train_GroundTruth.csv", "image,MEL,NV\nA,1,0\n");
  put_text(folder.path() / "test_GroundTruth.csv", "image,MEL,NV\nA,1,0\n");
  CHECK_THAT(load_error(folder.path()), Contains("two CSV files of the same kind"));
}

TEST_CASE("HAM10000's metadata names its classes in their own way") {
  const TemporaryFolder folder;
  put_text(folder.path() / "HAM10000_metadata.csv",
           "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset\nH1,I1,nv,histo,80.0,male,scalp,vidir\nH1,I2,nv,"
           "histo,80.0,male,scalp,vidir\n"
           "H2,I3,akiec,histo,,unknown,unknown,rosendahl\nH3,I4,mel,histo,30,female,back,rosendahl\n");
  put_images(folder.path() / "part_1", {"I1", "I2"});
  put_images(folder.path() / "part_2" / "deep", {"I3", "I4"});
  const Dataset dataset = load_dataset(folder.path());
  CHECK(dataset.layout == Layout::Ham10000);
  CHECK(dataset.classes == std::vector<std::string>{"MEL", "NV", "AK"});
  REQUIRE(dataset.samples.size() == 4);
  CHECK(dataset.samples[0].lesion == dataset.samples[1].lesion);
  CHECK(dataset.samples[2].label == 2);
  CHECK(dataset.samples[2].site.empty());
  CHECK(dataset.samples[2].source == "rosendahl");
}

TEST_CASE("a folder per class") {
  const TemporaryFolder folder;
  put_images(folder.path() / "mel", {"a", "b"});
  put_images(folder.path() / "nevus", {"a"});
  put_images(folder.path() / "wart" / "2020", {"x"});
  const Dataset dataset = load_dataset(folder.path());
  CHECK(dataset.layout == Layout::FolderPerClass);
  CHECK(dataset.classes == std::vector<std::string>{"MEL", "NV", "wart"});
  CHECK(dataset.counts() == std::vector<std::int64_t>{2, 1, 1});
  CHECK(dataset.samples[0].id == "mel/a.jpg");
  CHECK(dataset.samples.back().id == "wart/2020/x.jpg");

  std::filesystem::create_directory(folder.path() / "empty");
  CHECK_THAT(load_error(folder.path()), Contains("class folder") && Contains("empty") && Contains("holds no images"));
  std::filesystem::remove(folder.path() / "empty");
  put_images(folder.path() / "train", {"a"});
  CHECK_THAT(load_error(folder.path()), Contains("folders of parts"));
}

TEST_CASE("labels follow a model's classes") {
  const TemporaryFolder folder;
  put_images(folder.path() / "NV", {"a"});
  put_images(folder.path() / "MEL", {"b"});
  const Dataset dataset = load_dataset(folder.path());
  const std::vector<std::string> classes{"BCC", "NV", "MEL"};
  const std::vector<int> all{0, 1}, last{1};
  const KnownImages known = with_classes(dataset, all, classes);
  CHECK(known.dataset.classes == classes);
  CHECK(known.dataset.counts() == std::vector<std::int64_t>{0, 1, 1});
  CHECK(known.left_out == 0);
  const std::vector<std::string> other{"BCC", "NV"};
  CHECK_THAT(message_of<InputError>([&] { with_classes(dataset, all, other); }),
             Contains("does not know") && Contains("MEL (1: MEL/b.jpg)") && Contains("BCC, NV"));
  CHECK(with_classes(dataset, last, other).dataset.samples.at(0).id == "NV/a.jpg");  // MEL is not asked for
}

TEST_CASE("images of UNK are left out for a model without it, images of other unknown classes are an error") {
  const TemporaryFolder folder;
  put_images(folder.path() / "in", {"A", "B", "C", "D", "E"});
  put_text(folder.path() / "GroundTruth.csv",
           "image,MEL,NV,DF,UNK\nA,1,0,0,0\nB,0,0,0,1\nC,0,1,0,0\nD,0,0,0,1\nE,0,0,1,0\n");
  const Dataset dataset = load_dataset(folder.path());
  const std::vector<std::string> classes{"NV", "MEL"};
  const std::vector<int> without_df{0, 1, 2, 3}, all{0, 1, 2, 3, 4};
  const KnownImages known = with_classes(dataset, without_df, classes);
  CHECK(known.left_out == 2);
  REQUIRE(known.dataset.samples.size() == 2);
  CHECK(known.dataset.samples[0].id == "A");
  CHECK(known.dataset.samples[0].label == 1);
  CHECK(known.dataset.samples[1].id == "C");
  CHECK_THAT(message_of<InputError>([&] { with_classes(dataset, all, classes); }),
             Contains("DF (1: E)") && !Contains("UNK") && Contains("only NV, MEL"));
}

TEST_CASE("rows without a file and metadata of images that are not listed are counted and named") {
  const TemporaryFolder folder;
  put_images(folder.path() / "in", {"A", "B"});
  put_text(folder.path() / "GroundTruth.csv", "image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\nD,0,1\nE,0,1\nF,0,1\nG,0,1\n");
  put_text(folder.path() / "Metadata.csv", "image,lesion_id\nA,L1\nX2,L2\nX1,L2\n");
  const std::vector<std::string> problems = incomplete_rows(load_dataset(folder.path()));
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] == "5 of 7 listed images have no file: C, D, E and 2 more");
  CHECK(problems[1] == "images in the metadata that the ground truth does not list: 2 (X1, X2)");
  put_text(folder.path() / "GroundTruth.csv", "image,MEL,NV\nA,1,0\nB,0,1\n");
  put_text(folder.path() / "Metadata.csv", "image,lesion_id\nA,L1\n");
  CHECK(incomplete_rows(load_dataset(folder.path())).empty());
}

TEST_CASE("the fingerprint changes with labels and files, not with the order of rows") {
  const TemporaryFolder folder;
  put_images(folder.path() / "in", {"A", "B", "C"});
  const auto fingerprint = [&](const char* text) {
    put_text(folder.path() / "GroundTruth.csv", text);
    return load_dataset(folder.path()).fingerprint();
  };
  const std::string first = fingerprint("image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\n");
  CHECK(first.size() == 64);
  CHECK(fingerprint("image,MEL,NV\nC,0,1\nB,0,1\nA,1,0\n") == first);
  CHECK(fingerprint("image,MEL,NV\nA,1,0\nB,1,0\nC,0,1\n") != first);
  put_image(folder.path() / "in" / "A.jpg", 1, 40, 40);
  CHECK(fingerprint("image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\n") != first);
}

TEST_CASE("the fingerprint changes with the lesions and with the rows without a file, which decide the split") {
  const TemporaryFolder folder;
  put_images(folder.path() / "in", {"A", "B", "C"});
  const auto fingerprint = [&](const char* truth, const char* metadata) {
    put_text(folder.path() / "GroundTruth.csv", truth);
    put_text(folder.path() / "Metadata.csv", metadata);
    return load_dataset(folder.path()).fingerprint();
  };
  const char* truth = "image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\nM,0,1\n";
  const char* lesions = "image,lesion_id,age\nA,L1,40\nB,L2,\nC,L2,\nM,L3,\n";
  const std::string first = fingerprint(truth, lesions);
  CHECK(fingerprint(truth, "image,lesion_id,age\nM,L3,\nC,L2,\nB,L2,\nA,L1,50\n") == first);
  CHECK(fingerprint(truth, "image,lesion_id,age\nA,L1,40\nB,L2,\nC,L3,\nM,L3,\n") != first);
  CHECK(fingerprint(truth, "image,lesion_id,age\nA,L1,40\nB,L2,\nC,L2,\nM,L2,\n") != first);
  CHECK(fingerprint("image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\nM,1,0\n", lesions) != first);
  CHECK(fingerprint("image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\nN,0,1\n", lesions) != first);
  CHECK(fingerprint("image,MEL,NV\nA,1,0\nB,0,1\nC,0,1\n", lesions) != first);
}

TEST_CASE("the real ISIC 2019 set is loaded") {
  const auto folder = data_dir() / "isic2019_84";
  if (!std::filesystem::exists(folder)) return skip("no isic2019_84 in " + data_dir().string());
  const Dataset dataset = load_dataset(folder);
  CHECK(dataset.classes == std::vector<std::string>{"MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"});
  CHECK(dataset.counts() == std::vector<std::int64_t>{4522, 12875, 3323, 835, 2624, 239, 253, 628});
  CHECK(dataset.missing_files.size() == 32);
  for (const Sample& sample : dataset.missing) CHECK(dataset.classes[static_cast<std::size_t>(sample.label)] == "AK");
  CHECK(dataset.unlisted_files.empty());
}

TEST_CASE("the real HAM10000 metadata is loaded") {
  const auto folder = data_dir() / "isic2019_larger";
  if (!std::filesystem::exists(folder / "HAM10000_metadata.csv"))
    return skip("no isic2019_larger in " + data_dir().string());
  const Dataset dataset = load_dataset(folder);
  CHECK(dataset.layout == Layout::Ham10000);
  CHECK(dataset.classes == std::vector<std::string>{"MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC"});
  CHECK(dataset.samples.size() == 10015);
  CHECK(dataset.unlisted_files.size() == 2745);
}
