#include "native/data/loader.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "tests/data/files.h"
#include "tests/support/paths.h"

using namespace dermdistill;
using namespace dermdistill::testing;
using Catch::Matchers::Contains;

namespace {

constexpr int kImages = 23, kSize = 24;

/// A folder per class of small pictures, all different.
class SmallSet {
 public:
  SmallSet() {
    for (int i = 0; i < kImages; ++i)
      put_image(folder_.path() / (i % 3 == 0 ? "MEL" : "NV") / (std::to_string(100 + i) + ".jpg"), i);
    dataset = load_dataset(folder_.path());
    indices.resize(dataset.samples.size());
    std::iota(indices.begin(), indices.end(), 0);
  }

  Dataset dataset;
  std::vector<int> indices;

 private:
  TemporaryFolder folder_;
};

LoaderConfig training(int workers) {
  LoaderConfig config;
  config.batch = 5;
  config.views = 4;
  config.shuffle = config.augment = true;
  config.seed = 77;
  config.workers = workers;
  config.preprocessing.size = kSize;
  return config;
}

std::vector<Batch> epoch_of(Loader& loader, int epoch, int first = 0) {
  std::vector<Batch> batches;
  loader.start_epoch(epoch, first);
  for (Batch batch; loader.next(batch);) batches.push_back(batch);
  return batches;
}

bool same(const Batch& a, const Batch& b) {
  return a.samples == b.samples && a.labels == b.labels && a.images == b.images && a.index == b.index &&
         a.transform == b.transform;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Batch& x, const Batch& y) { return same(x, y); });
}

}  // namespace

TEST_CASE("an epoch visits every image once, in an order that its number decides") {
  const SmallSet set;
  Loader loader(set.dataset, set.indices, training(2));
  CHECK(loader.batches_per_epoch() == 5);
  CHECK(loader.images_per_epoch() == kImages);
  std::vector<std::vector<int>> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<int> order;
    for (const Batch& batch : epoch_of(loader, epoch)) {
      CHECK(batch.images.size() == batch.samples.size() * 4 * kSize * kSize * 3);
      CHECK(batch.views == 4);
      CHECK(batch.transform == -1);
      for (std::size_t i = 0; i < batch.samples.size(); ++i)
        CHECK(batch.labels[i] == set.dataset.samples[static_cast<std::size_t>(batch.samples[i])].label);
      order.insert(order.end(), batch.samples.begin(), batch.samples.end());
    }
    CHECK(order == epoch_order(set.indices, 77, epoch));
    CHECK(std::set<int>(order.begin(), order.end()).size() == kImages);
    orders.push_back(order);
  }
  CHECK(orders[0] != orders[1]);
  CHECK(orders[1] != orders[2]);
}

TEST_CASE("batches do not depend on the number of workers, nor on where an epoch was begun") {
  const SmallSet set;
  Loader one(set.dataset, set.indices, training(1)), three(set.dataset, set.indices, training(3));
  const auto batches = epoch_of(one, 4);
  REQUIRE(batches.size() == 5);
  CHECK(same(epoch_of(three, 4), batches));
  const auto rest = epoch_of(three, 4, 3);
  REQUIRE(rest.size() == 2);
  CHECK(same(rest[0], batches[3]));
  CHECK(same(rest[1], batches[4]));
  CHECK(epoch_of(three, 4, 5).empty());
}

TEST_CASE("rows are image by image its quarter turns") {
  const SmallSet set;
  Loader loader(set.dataset, set.indices, training(1));
  Batch batch;
  loader.start_epoch(0);
  REQUIRE(loader.next(batch));
  const std::size_t values = kSize * kSize * 3;
  const std::span<const float> images(batch.images);
  std::vector<float> turned(values);
  for (std::size_t image = 0; image < batch.samples.size(); ++image) {
    for (int turn = 1; turn < 4; ++turn) {
      rotate_view(images.subspan(image * 4 * values, values), kSize, turn, turned);
      const auto row = images.subspan((image * 4 + static_cast<std::size_t>(turn)) * values, values);
      CHECK(std::equal(turned.begin(), turned.end(), row.begin()));
    }
  }
}

TEST_CASE("a stored transform is the one its seed gives, and comes back every K epochs") {
  const SmallSet set;
  LoaderConfig config = training(2);
  config.transforms = 3;
  config.views = 1;
  Loader loader(set.dataset, set.indices, config);
  const std::size_t values = kSize * kSize * 3;
  const auto image_of = [&](const std::vector<Batch>& batches, int sample) {
    for (const Batch& batch : batches) {
      const auto place = std::find(batch.samples.begin(), batch.samples.end(), sample);
      if (place == batch.samples.end()) continue;
      const auto first = batch.images.begin() + (place - batch.samples.begin()) * static_cast<std::ptrdiff_t>(values);
      return std::vector<float>(first, first + static_cast<std::ptrdiff_t>(values));
    }
    return std::vector<float>();
  };
  const auto epoch1 = epoch_of(loader, 1), epoch4 = epoch_of(loader, 4), epoch2 = epoch_of(loader, 2);
  CHECK(epoch4[0].transform == 1);
  CHECK(image_of(epoch1, 6) == image_of(epoch4, 6));
  CHECK(image_of(epoch1, 6) != image_of(epoch2, 6));

  const Sample& sample = set.dataset.samples[6];
  std::vector<float> expected(values);
  augment(decode_image(read_file(sample.file), "x"), config.augmentation, config.preprocessing,
          transform_seed(77, 6, 1), expected);
  CHECK(image_of(epoch1, 6) == expected);
}

TEST_CASE("evaluation keeps the order and the plain preprocessing") {
  const SmallSet set;
  LoaderConfig config;
  config.batch = 10;
  config.preprocessing.size = kSize;
  const std::vector<int> chosen{20, 3, 7};
  Loader loader(set.dataset, chosen, config);
  const auto batches = epoch_of(loader, 0);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].samples == chosen);
  std::vector<float> expected(kSize * kSize * 3);
  preprocess(read_file(set.dataset.samples[3].file), "x", config.preprocessing, expected);
  CHECK(std::equal(expected.begin(), expected.end(), batches[0].images.begin() + kSize * kSize * 3));
}

TEST_CASE("the last batch is short, or left out on request") {
  const SmallSet set;
  LoaderConfig config = training(1);
  Loader all(set.dataset, set.indices, config);
  CHECK(epoch_of(all, 0).back().samples.size() == 3);
  config.drop_last = true;
  Loader whole(set.dataset, set.indices, config);
  CHECK(whole.batches_per_epoch() == 4);
  CHECK(whole.images_per_epoch() == 20);
  CHECK(epoch_of(whole, 0).back().samples.size() == 5);
}

TEST_CASE("a loader may be left, restarted and moved at any time") {
  const SmallSet set;
  for (int round = 0; round < 30; ++round) {
    Loader loader(set.dataset, set.indices, training(1 + round % 4));
    if (round % 5 == 0) continue;  // never started
    loader.start_epoch(round);
    Batch batch;
    for (int i = 0; i < round % 4; ++i) loader.next(batch);
    if (round % 3 == 0) {
      loader.start_epoch(round + 1, 2);
      REQUIRE(loader.next(batch));
      CHECK(batch.index == 2);
    }
    if (round % 7 == 0) {
      Loader moved = std::move(loader);
      moved.next(batch);
    }
  }
  Loader loader(set.dataset, set.indices, training(1));
  Batch batch;
  CHECK_FALSE(loader.next(batch));  // not started
}

TEST_CASE("a broken image ends the epoch with its name") {
  const SmallSet set;
  const auto file = set.dataset.samples[4].file;
  const auto bytes = read_file(file);
  write_file(file, std::span(bytes).first(bytes.size() / 2));
  Loader loader(set.dataset, set.indices, training(2));
  const auto message = message_of<FormatError>([&] { epoch_of(loader, 0); });
  CHECK_THAT(message, Contains(file.string()) && Contains("truncated"));
  Batch batch;
  CHECK_FALSE(loader.next(batch));

  std::filesystem::remove(file);
  CHECK_THAT(message_of<FileError>([&] { epoch_of(loader, 1); }), Contains(file.string()));
  write_file(file, bytes);
  CHECK(epoch_of(loader, 2).size() == 5);
}

TEST_CASE("wrong options are named") {
  const SmallSet set;
  const auto error = [&](auto&& change, std::span<const int> indices) {
    LoaderConfig config = training(1);
    change(config);
    return message_of<InputError>([&] { Loader(set.dataset, indices, config); });
  };
  const auto nothing = [](LoaderConfig&) {};
  CHECK_THAT(error(nothing, {}), Contains("no images"));
  CHECK_THAT(error([](LoaderConfig& c) { c.batch = 0; }, set.indices), Contains("batch size"));
  CHECK_THAT(error([](LoaderConfig& c) { c.views = 2; }, set.indices), Contains("views") && Contains("1 or 4"));
  CHECK_THAT(error([](LoaderConfig& c) { c.workers = 0; }, set.indices), Contains("workers"));
  CHECK_THAT(error(
                 [](LoaderConfig& c) {
                   c.drop_last = true;
                   c.batch = 24;
                 },
                 set.indices),
             Contains("23 images") && Contains("24"));
  Loader loader(set.dataset, set.indices, training(1));
  CHECK_THAT(message_of<InputError>([&] { loader.start_epoch(0, 6); }), Contains("batch 6") && Contains("0 to 5"));
}

TEST_CASE("pictures kept in memory give the same batches, without their files", "[loader]") {
  SmallSet set;
  LoaderConfig config = training(2);
  Loader decoding(set.dataset, set.indices, config);
  config.keep_decoded = 1'000'000;
  Loader keeping(set.dataset, set.indices, config);
  CHECK(same(epoch_of(keeping, 0), epoch_of(decoding, 0)));
  const auto second = epoch_of(decoding, 1);
  for (const Sample& sample : set.dataset.samples) std::filesystem::remove(sample.file);
  CHECK(same(epoch_of(keeping, 1), second));

  // What does not fit is decoded again, and needs its file.
  config.keep_decoded = 1;
  Loader full(set.dataset, set.indices, config);
  CHECK_THROWS_AS(epoch_of(full, 0), FileError);
}

TEST_CASE("a loader that is asked for both gives every image with and without its overlays") {
  const SmallSet set;
  LoaderConfig config = training(2), without = training(2);
  config.augmentation.hair_probability = 0.5;
  config.plain_too = true;
  Loader both(set.dataset, set.indices, config), plainly(set.dataset, set.indices, without);
  const std::vector<Batch> batches = epoch_of(both, 3), expected = epoch_of(plainly, 3);
  REQUIRE(batches.size() == expected.size());
  constexpr std::size_t kValues = 4 * kSize * kSize * 3;
  int covered = 0, alike = 0;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    CHECK(batches[b].plain == expected[b].images);
    CHECK(expected[b].plain.empty());
    for (std::size_t i = 0; i < batches[b].samples.size(); ++i) {
      const auto with = std::span(batches[b].images).subspan(i * kValues, kValues),
                 bare = std::span(batches[b].plain).subspan(i * kValues, kValues);
      (std::equal(with.begin(), with.end(), bare.begin()) ? alike : covered) += 1;
    }
  }
  CHECK(covered > 3);
  CHECK(alike > 3);
}

TEST_CASE("stored transforms come back, with other overlays in every epoch") {
  const SmallSet set;
  LoaderConfig config = training(2);
  config.transforms = 2;
  config.shuffle = false;
  config.plain_too = true;
  config.augmentation.hair_probability = 1;
  Loader loader(set.dataset, set.indices, config);
  const std::vector<Batch> first = epoch_of(loader, 0), other = epoch_of(loader, 1), again = epoch_of(loader, 2),
                           repeated = epoch_of(loader, 0);
  for (std::size_t b = 0; b < first.size(); ++b) {
    CHECK(again[b].plain == first[b].plain);
    CHECK(again[b].images != first[b].images);
    CHECK(other[b].plain != first[b].plain);
    CHECK(repeated[b].images == first[b].images);
  }
}
