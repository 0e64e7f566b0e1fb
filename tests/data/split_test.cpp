#include "native/data/split.h"

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "tests/data/files.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

/// Classes of very different size, lesions of one to five images.
Dataset made_up(const std::vector<int>& images_of_class) {
  Dataset dataset;
  Random random(5);
  int lesion = 0;
  for (std::size_t label = 0; label < images_of_class.size(); ++label) {
    dataset.classes.push_back("C" + std::to_string(label));
    for (int left = images_of_class[label]; left > 0; ++lesion) {
      const int images = std::min<int>(left, 1 + static_cast<int>(random.below(5)));
      for (int i = 0; i < images; ++i, --left) {
        Sample sample;
        sample.id = "I" + std::to_string(10000 + dataset.samples.size());
        sample.label = static_cast<int>(label);
        sample.lesion = "L" + std::to_string(lesion);
        dataset.samples.push_back(sample);
      }
    }
  }
  return dataset;
}

std::map<std::string, Part> part_of_image(const Dataset& dataset, const Split& split) {
  std::map<std::string, Part> result;
  for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
    for (const int i : split.part(part)) result[dataset.samples[static_cast<std::size_t>(i)].id] = part;
  }
  return result;
}

int straddling_lesions(const Dataset& dataset, const Split& split) {
  std::map<std::string, std::set<Part>> parts;
  for (const auto& [id, part] : part_of_image(dataset, split)) {
    const auto sample = std::find_if(dataset.samples.begin(), dataset.samples.end(),
                                     [&, &name = id](const Sample& s) { return s.id == name; });
    parts[sample->lesion].insert(part);
  }
  return static_cast<int>(
      std::count_if(parts.begin(), parts.end(), [](const auto& one) { return one.second.size() > 1; }));
}

void check_is_partition(const Dataset& dataset, const Split& split) {
  std::vector<int> all;
  for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
    CHECK(std::is_sorted(split.part(part).begin(), split.part(part).end()));
    all.insert(all.end(), split.part(part).begin(), split.part(part).end());
  }
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == dataset.samples.size());
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == static_cast<int>(i));
}

}  // namespace

TEST_CASE("no lesion is in two parts, and every class has its share in each") {
  const Dataset dataset = made_up({800, 300, 60});
  const Split split = split_dataset(dataset, {});
  check_is_partition(dataset, split);
  CHECK(straddling_lesions(dataset, split) == 0);
  const auto counts = dataset.counts();
  for (std::size_t label = 0; label < counts.size(); ++label) {
    INFO("class " << label);
    const double tenth = 0.1 * static_cast<double>(counts[label]);
    CHECK(std::abs(static_cast<double>(counts_of(dataset, split.test)[label]) - tenth) <= 5);
    CHECK(std::abs(static_cast<double>(counts_of(dataset, split.validation)[label]) - tenth) <= 5);
  }
}

TEST_CASE("a rare class is in every part") {
  const Dataset dataset = made_up({400, 9});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SplitConfig config;
    config.seed = seed;
    const Split split = split_dataset(dataset, config);
    for (const Part part : {Part::Train, Part::Validation, Part::Test})
      CHECK(counts_of(dataset, split.part(part))[1] > 0);
  }
}

TEST_CASE("the split depends on the seed, not on the order of rows or on missing files") {
  const Dataset dataset = made_up({500, 200});
  const auto parts = part_of_image(dataset, split_dataset(dataset, {}));
  SplitConfig other;
  other.seed = 7;
  CHECK(part_of_image(dataset, split_dataset(dataset, other)) != parts);

  Dataset shuffled = dataset;
  Random(3).shuffle(std::span<Sample>(shuffled.samples));
  CHECK(part_of_image(shuffled, split_dataset(shuffled, {})) == parts);

  Dataset incomplete = dataset;
  for (std::size_t i = 0; i < dataset.samples.size(); i += 7) incomplete.missing.push_back(dataset.samples[i]);
  std::erase_if(incomplete.samples, [&](const Sample& sample) {
    return std::any_of(incomplete.missing.begin(), incomplete.missing.end(),
                       [&](const Sample& gone) { return gone.id == sample.id; });
  });
  for (const auto& [id, part] : part_of_image(incomplete, split_dataset(incomplete, {}))) CHECK(parts.at(id) == part);
}

TEST_CASE("the split of a seed is the same on every platform") {
  const Dataset dataset = made_up({40, 20});
  const Split split = split_dataset(dataset, {});
  CHECK(split.test == std::vector<int>{25, 26, 27, 40, 41});
}

TEST_CASE("every image is tested in exactly one fold") {
  const Dataset dataset = made_up({300, 80, 30});
  std::map<int, int> tested;
  for (int fold = 0; fold < 5; ++fold) {
    SplitConfig config;
    config.folds = 5;
    config.fold = fold;
    const Split split = split_dataset(dataset, config);
    check_is_partition(dataset, split);
    CHECK(straddling_lesions(dataset, split) == 0);
    for (const int i : split.test) ++tested[i];
    CHECK(std::abs(static_cast<double>(split.test.size()) - 82) <= 9);
    CHECK(std::abs(static_cast<double>(split.validation.size()) - 41) <= 9);
  }
  CHECK(tested.size() == dataset.samples.size());
  CHECK(std::all_of(tested.begin(), tested.end(), [](const auto& one) { return one.second == 1; }));
}

TEST_CASE("the split by image leaks, and says so") {
  const Dataset dataset = made_up({500, 200});
  SplitConfig config;
  config.rule = SplitRule::ByImage;
  const Split split = split_dataset(dataset, config);
  check_is_partition(dataset, split);
  CHECK(straddling_lesions(dataset, split) > 20);
  CHECK_THAT(describe(SplitRule::ByImage), Contains("leaks"));
  CHECK(to_json(config).at("leaks") == true);
  CHECK(to_json(SplitConfig{}).at("leaks") == false);
  CHECK(split_config_from_json(to_json(config)).rule == SplitRule::ByImage);
}

TEST_CASE("a split that cannot be made says why") {
  const auto error = [](const Dataset& dataset, const SplitConfig& config) {
    return message_of<InputError>([&] { split_dataset(dataset, config); });
  };
  const Dataset dataset = made_up({50, 30});
  CHECK_THAT(error(made_up({50, 0, 20}), {}), Contains("class C1") && Contains("has no images"));
  CHECK_THAT(error(dataset, {.validation = 0.5, .test = 0.5}), Contains("nothing to train on"));
  CHECK_THAT(error(dataset, {.test = -0.1}), Contains("test share"));
  CHECK_THAT(error(dataset, {.folds = 5, .fold = 5}), Contains("fold 5") && Contains("0 to 4"));
  CHECK_THAT(error(dataset, {.folds = 1}), Contains("number of folds"));
  CHECK_THAT(message_of<InputError>([] { parse_part("tset"); }), Contains("tset") && Contains("validation"));
  CHECK_THAT(message_of<InputError>([] { parse_split_rule("patient"); }), Contains("patient") && Contains("lesion"));
}

TEST_CASE("the split of the real ISIC 2019 set by seed 2019 stays as it is") {
  const auto folder = data_dir() / "isic2019_84";
  if (!std::filesystem::exists(folder)) return skip("no isic2019_84 in " + data_dir().string());
  const Dataset dataset = load_dataset(folder);
  const Split split = split_dataset(dataset, {});
  check_is_partition(dataset, split);
  CHECK(counts_of(dataset, split.train) == std::vector<std::int64_t>{3620, 10300, 2660, 668, 2100, 192, 202, 503});
  CHECK(counts_of(dataset, split.validation) == std::vector<std::int64_t>{451, 1288, 332, 85, 262, 24, 25, 63});
  CHECK(counts_of(dataset, split.test) == std::vector<std::int64_t>{451, 1287, 331, 82, 262, 23, 26, 62});
}
