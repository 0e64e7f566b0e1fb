// The log goes back with the run, and --limit keeps every class.
#include "native/train/run_folder.h"

#include <set>

#include <catch2/catch.hpp>

#include "native/base/files.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {

TEST_CASE("The log is rewound to where a run resumes") {
  const testing::TemporaryFolder parent;
  RunFolder folder = RunFolder::create(parent.path() / "run");
  folder.write_config(recipe_config("teacher", "laptop"));
  folder.log({{"stage", "teacher"}, {"epoch", 1}, {"seconds", 2.0}});
  folder.log({{"stage", "teacher"}, {"epoch", 2}, {"seconds", 3.0}});
  folder.log({{"stage", "head"}, {"epoch", 1}, {"seconds", 4.0}});
  RunFolder again = RunFolder::open(folder.path());
  CHECK(again.stage_seconds().at("teacher") == 5.0);
  RunProgress progress;
  progress.stage = "teacher";
  progress.epoch = 1;
  again.rewind_log(progress);
  CHECK(again.stage_seconds() == std::map<std::string, double>{{"teacher", 2.0}});
  const std::string text = read_text(folder.path() / "log.jsonl");
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("A folder without a run cannot be resumed") {
  const testing::TemporaryFolder parent;
  CHECK_THAT(testing::message_of([&] { RunFolder::open(parent.path()); }), Catch::Contains("holds no run"));
}

TEST_CASE("A run is written by one process at a time") {
  const testing::TemporaryFolder parent;
  const auto path = parent.path() / "run";
  const auto resume = [&] {
    return testing::run_dermdistill({"distill", "--resume", "--out", path.string(), "--threads", "1"});
  };
  {
    const RunFolder first = RunFolder::create(path);
    CHECK_THAT(testing::message_of([&] { RunFolder::create(path); }),
               Catch::Contains(path.string()) && Catch::Contains("is being written by another dermdistill"));
    RunConfig config = testing::tiny_distill_config(Method::Ce);
    config.training.epochs = 1;
    first.write_config(config);
    CHECK(RunFolder::open(path).read_config().training.epochs == 1);  // reading is free
    const auto second = resume();
    CHECK(second.status != 0);
    CHECK_THAT(second.errors, Catch::Contains(path.string() + ": is being written by another dermdistill"));
  }
  const auto after = resume();
  INFO(after.errors);
  CHECK(after.status == 0);
}

TEST_CASE("A lock that an earlier try left behind does not fill a new run's folder") {
  const testing::TemporaryFolder parent;
  { const RunFolder refused = RunFolder::create(parent.path()); }
  CHECK(std::filesystem::exists(parent.path() / ".lock"));
  CHECK_NOTHROW(RunFolder::create(parent.path()));
}

TEST_CASE("A limit keeps every class and the number") {
  const Dataset dataset = load_dataset(testing::tiny_data());
  std::vector<int> all(dataset.samples.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
  for (const int limit : {8, 20, 50}) {
    const std::vector<int> kept = limited(dataset, all, limit, 1);
    std::set<int> labels;
    for (const int index : kept) labels.insert(dataset.samples[static_cast<std::size_t>(index)].label);
    CHECK(labels.size() == dataset.classes.size());
    CHECK(std::is_sorted(kept.begin(), kept.end()));
    CHECK(kept == limited(dataset, all, limit, 1));
    if (limit >= 20) CHECK(std::abs(static_cast<int>(kept.size()) - limit) <= 1);
  }
  CHECK(limited(dataset, all, 0, 1) == all);
}

}  // namespace dermdistill
