#include "native/data/synthesis.h"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/data/dataset.h"
#include "native/data/split.h"
#include "tests/data/files.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

TEST_CASE("a made-up lesion depends on its seeds and its class") {
  const Image image = synthesise_lesion(0, 1, 2, 48);
  CHECK(image.width == 48);
  CHECK(synthesise_lesion(0, 1, 2, 48).rgb == image.rgb);
  CHECK(synthesise_lesion(0, 1, 3, 48).rgb != image.rgb);
  CHECK(synthesise_lesion(0, 2, 2, 48).rgb != image.rgb);
  CHECK(synthesise_lesion(1, 1, 2, 48).rgb != image.rgb);
  CHECK_THAT(message_of<InputError>([] { synthesise_lesion(8, 1, 1, 48); }), Contains("class 8") && Contains("0 to 7"));
}

TEST_CASE("the mean colours of classes differ as they do on skin") {
  const auto mean = [](int label, std::size_t channel) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const Image image = synthesise_lesion(label, seed, seed, 48);
      for (int y = 18; y < 30; ++y) {
        for (int x = 18; x < 30; ++x) sum += image.rgb[static_cast<std::size_t>(3 * (y * 48 + x)) + channel];
      }
    }
    return sum / (12 * 144);
  };
  CHECK(mean(0, 0) < mean(5, 0));                                 // melanomas are darker than dermatofibromas
  CHECK(mean(6, 0) - mean(6, 1) > 20 + mean(1, 0) - mean(1, 1));  // vascular lesions are redder than nevi
}

TEST_CASE("a synthetic set has the official layout and is the same for every thread count") {
  const TemporaryFolder folder;
  SynthesisConfig config{.images = 90, .seed = 3, .size = 32};
  int reported = 0;
  write_synthetic_dataset(folder.path() / "a", config, [&](int images) { reported += images; });
  CHECK(reported == 90);
  config.threads = 3;
  write_synthetic_dataset(folder.path() / "b", config, {});
  const Dataset a = load_dataset(folder.path() / "a"), b = load_dataset(folder.path() / "b");
  CHECK(a.layout == Layout::Isic2019);
  CHECK(a.samples.size() == 90);
  CHECK(a.missing_files.empty());
  CHECK(a.unlisted_files.empty());
  CHECK(a.classes.size() == 8);
  const auto counts = a.counts();
  CHECK(*std::min_element(counts.begin(), counts.end()) >= 5);
  CHECK(std::max_element(counts.begin(), counts.end()) == counts.begin() + 1);
  REQUIRE(b.samples.size() == 90);
  std::map<std::string, int> images_of;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    CHECK(a.samples[i].lesion == b.samples[i].lesion);
    CHECK(read_file(a.samples[i].file) == read_file(b.samples[i].file));
    ++images_of[a.samples[i].lesion];
  }
  CHECK(images_of.size() < 80);  // some lesions have several images
  CHECK(read_text(folder.path() / "a" / "ISIC_2019_Training_GroundTruth.csv") ==
        read_text(folder.path() / "b" / "ISIC_2019_Training_GroundTruth.csv"));
  const Split split = split_dataset(a, {});
  for (const Part part : {Part::Validation, Part::Test}) {
    for (const std::int64_t count : counts_of(a, split.part(part))) CHECK(count > 0);
  }
}

TEST_CASE("a folder with files is left alone unless forced") {
  const TemporaryFolder folder;
  put_text(folder.path() / "mine.txt", "x");
  SynthesisConfig config{.images = 50, .size = 32};
  const auto error = [&] {
    return message_of<InputError>([&] { write_synthetic_dataset(folder.path(), config, {}); });
  };
  CHECK_THAT(error(), Contains(folder.path().string()) && Contains("already has files") && Contains("--force"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  config.force = true;
  CHECK(error().empty());
  config.images = 40;  // a smaller set replaces it whole
  CHECK(error().empty());
  CHECK(load_dataset(folder.path()).samples.size() == 40);
  CHECK(load_dataset(folder.path()).unlisted_files.empty());
  CHECK(read_text(folder.path() / "mine.txt") == "x");
  config.images = 39;
  CHECK_THAT(error(), Contains("39") && Contains("40"));
}
