// The cache says what the teacher says, and refuses to speak for another.
#include <algorithm>
#include <cmath>
#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/train/cache_file.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

struct CacheFixture {
  RunConfig config = testing::tiny_distill_config(Method::SsdKd);
  TrainingData data = open_training_data(config);
  const Backend& backend = backend_named("auto");
  testing::TemporaryFolder folder;

  std::unique_ptr<TeacherSource> source(const std::filesystem::path& cache, const StopRequest& stop = {}) {
    return make_teacher_source(config, data, open_teachers(config, data, backend), cache, backend, stop);
  }
};

/// Largest difference over the largest magnitude.
double difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double most = 0, scale = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
    scale = std::max(scale, std::abs(static_cast<double>(b[i])));
  }
  return most / scale;
}

}  // namespace

TEST_CASE("The cache holds what the teacher says of the very views that the student sees") {
  CacheFixture fixture;
  const auto cached = fixture.source(fixture.folder.path() / "cache");
  Loader loader(fixture.data.dataset, fixture.data.train, training_loader(fixture.config));
  fixture.config.distill.online = true;
  const auto online = fixture.source({});
  for (const int epoch : {0, 1, 5}) {
    loader.start_epoch(epoch);
    Batch batch;
    REQUIRE(loader.next(batch));
    const TeacherViews a = cached->views(batch), b = online->views(batch);
    CHECK(difference(a.logits, b.logits) < 1e-5);
    CHECK(difference(a.embedding, b.embedding) < 1e-3);
    CHECK(difference(a.projection, b.projection) < 1e-3);
    CHECK(difference(a.features, b.features) < 1e-3);

    // The test could not fail if the teacher answered every view alike: another transform must be told apart.
    const std::vector<float> right(b.embedding.begin(), b.embedding.end());
    batch.transform = 1 - batch.transform;
    CHECK(difference(cached->views(batch).embedding, right) > 1e-2);
  }
}

TEST_CASE("The cache holds the mean over orientations that a teacher says online") {
  CacheFixture fixture;
  const auto upright = fixture.source(fixture.folder.path() / "one");
  fixture.config.distill.teacher_orientations = 8;
  const auto cached = fixture.source(fixture.folder.path() / "eight");
  Loader loader(fixture.data.dataset, fixture.data.train, training_loader(fixture.config));
  fixture.config.distill.online = true;
  const auto online = fixture.source({});
  loader.start_epoch(0);
  Batch batch;
  REQUIRE(loader.next(batch));
  const TeacherViews a = cached->views(batch), b = online->views(batch), one = upright->views(batch);
  CHECK(difference(a.logits, b.logits) < 1e-5);
  CHECK(difference(one.logits, b.logits) > 1e-3);
  CHECK(difference(a.embedding, one.embedding) == 0);
}

TEST_CASE("Teachers see pictures without the hair that is drawn for the student, from a cache and online") {
  CacheFixture fixture;
  const auto plain = fixture.source(fixture.folder.path() / "cache");
  Loader plain_loader(fixture.data.dataset, fixture.data.train, training_loader(fixture.config));
  fixture.config.augment.hair_probability = 1;
  const auto cached = fixture.source(fixture.folder.path() / "other"),
             again = fixture.source(fixture.folder.path() / "cache");  // the same answers serve
  Loader loader(fixture.data.dataset, fixture.data.train, training_loader(fixture.config));
  fixture.config.distill.online = true;
  const auto online = fixture.source({});
  Loader online_loader(fixture.data.dataset, fixture.data.train, training_loader(fixture.config));
  for (Loader* one : {&plain_loader, &loader, &online_loader}) one->start_epoch(0);
  Batch bare, hairy, both;
  REQUIRE(plain_loader.next(bare));
  REQUIRE(loader.next(hairy));
  REQUIRE(online_loader.next(both));
  CHECK(difference(hairy.images, bare.images) > 0.05);
  const TeacherViews a = plain->views(bare), b = cached->views(hairy);
  CHECK(difference(a.logits, b.logits) == 0);
  CHECK(difference(again->views(hairy).logits, a.logits) == 0);
  const std::span<const float> said = online->views(both).logits;
  const std::vector<float> of_both(said.begin(), said.end());
  CHECK(difference(both.images, both.plain) > 0.05);
  both.images.swap(both.plain);
  both.plain.clear();
  CHECK(difference(online->views(both).logits, of_both) == 0);
  both.images = hairy.images;
  CHECK(difference(online->views(both).logits, of_both) > 1e-3);
}

TEST_CASE("An ensemble's cache holds its mean, and is refused to other teachers or another order") {
  CacheFixture fixture;
  const auto other = fixture.folder.path() / "other", cache = fixture.folder.path() / "cache";
  testing::train_other_teacher(other);
  const auto single = fixture.source(fixture.folder.path() / "single");
  fixture.config.distill.other_teachers = {{other, {}}};
  const auto cached = fixture.source(cache);
  CHECK(fixture.config.distill.other_teachers[0].sha256.size() == 64);
  Loader loader(fixture.data.dataset, fixture.data.train, training_loader(fixture.config));
  fixture.config.distill.online = true;
  const auto online = fixture.source({});
  fixture.config.distill.online = false;
  loader.start_epoch(0);
  Batch batch;
  REQUIRE(loader.next(batch));
  const TeacherViews a = cached->views(batch), b = online->views(batch), one = single->views(batch);
  CHECK(difference(a.logits, b.logits) < 1e-5);
  CHECK(difference(one.logits, b.logits) > 1e-3);
  CHECK(difference(a.embedding, one.embedding) == 0);
  CHECK(difference(a.projection, one.projection) == 0);

  std::vector<Teacher> teachers = open_teachers(fixture.config, fixture.data, fixture.backend);
  const auto message = [&](std::span<const Teacher> some) {
    const CacheIdentity identity = cache_identity(fixture.config, fixture.data, some);
    return testing::message_of([&] { KnowledgeCache::open(cache, identity); });
  };
  CHECK(message(teachers).empty());
  CHECK_THAT(message(std::span(teachers).first(1)), Catch::Contains("another teacher;"));
  CHECK_THAT(message(std::span(teachers).last(1)), Catch::Contains("another teacher;"));
  std::vector<Teacher> turned_round;
  turned_round.push_back(std::move(teachers[1]));
  turned_round.push_back(std::move(teachers[0]));
  CHECK_THAT(message(turned_round), Catch::Contains("another teacher;"));
}

TEST_CASE("Training from the cache is training from the teacher, to half precision") {
  const testing::TemporaryFolder folder;
  const RunConfig config = testing::tiny_distill_config(Method::SsdKd);
  testing::TinyStudent cached(config, folder.path() / "cache"), online(config);
  // In epoch 0 both see the same views: fresh transforms are numbered by their epoch, stored ones from 0.
  cached.stage->start_epoch(0, 0);
  online.stage->start_epoch(0, 0);
  const LossTerms a = cached.stage->compute_gradients(), b = online.stage->compute_gradients();
  REQUIRE(a.terms.size() == b.terms.size());
  for (std::size_t i = 0; i < a.terms.size(); ++i) {
    INFO(a.terms[i].first);
    CHECK(a.terms[i].second == Approx(b.terms[i].second).epsilon(5e-3).margin(1e-6));
  }
}

TEST_CASE("A teacher asked online sees fresh transforms every epoch, a cached one repeats its stored ones") {
  CacheFixture fixture;
  fixture.config.distill.stored_transforms = 2;
  const auto first_images = [&](int epoch) {
    LoaderConfig loading = training_loader(fixture.config);
    loading.shuffle = false;  // the same images, whatever the epoch
    Loader loader(fixture.data.dataset, fixture.data.train, loading);
    loader.start_epoch(epoch);
    Batch batch;
    REQUIRE(loader.next(batch));
    return batch.images;
  };
  CHECK(first_images(0) == first_images(2));
  fixture.config.distill.online = true;
  CHECK(first_images(0) != first_images(2));
  CHECK(first_images(2) == first_images(2));
}

TEST_CASE("A cache that was interrupted and resumed has the bytes of an unbroken one") {
  CacheFixture fixture;
  const auto unbroken = fixture.folder.path() / "unbroken", broken = fixture.folder.path() / "broken";
  fixture.source(unbroken);
  REQUIRE_THROWS_AS(fixture.source(broken, testing::stop_after(1)), Interrupted);
  const std::vector<Teacher> teachers = open_teachers(fixture.config, fixture.data, fixture.backend);
  const CacheIdentity identity = cache_identity(fixture.config, fixture.data, teachers);
  CHECK_THAT(testing::message_of([&] { KnowledgeCache::open(broken, identity); }), Catch::Contains("is not finished"));
  REQUIRE_THROWS_AS(fixture.source(broken, testing::stop_after(2)), Interrupted);
  fixture.source(broken);
  CHECK(read_file(cache_file(unbroken)) == read_file(cache_file(broken)));
}

TEST_CASE("A cache of anything else is refused by name") {
  CacheFixture fixture;
  const auto cache = fixture.folder.path() / "cache";
  fixture.source(cache);
  const std::vector<Teacher> teachers = open_teachers(fixture.config, fixture.data, fixture.backend);
  CacheIdentity identity = cache_identity(fixture.config, fixture.data, teachers);
  CHECK_NOTHROW(KnowledgeCache::open(cache, identity));
  const auto message = [&] { return testing::message_of([&] { KnowledgeCache::open(cache, identity); }); };
  SECTION("teacher") {
    identity.teacher_sha256[0] ^= 1;
    CHECK_THAT(message(), Catch::Contains("another teacher;"));
  }
  SECTION("data") {
    identity.data_fingerprint[0] ^= 1;
    CHECK_THAT(message(), Catch::Contains("another data;"));
  }
  SECTION("seed and transforms") {
    identity.seed += 1;
    identity.layout.transforms += 1;
    CHECK_THAT(message(), Catch::Contains("seed") && Catch::Contains("stored transforms"));
  }
  SECTION("orientations") {
    identity.teacher_orientations = 8;
    CHECK_THAT(message(), Catch::Contains("another number of teacher orientations;"));
  }
  SECTION("a cache of an older version, of one orientation") {
    nlohmann::json old = to_json(identity);
    old.erase("number of teacher orientations");
    CHECK_NOTHROW(check_cache_identity(cache, old, identity));
    identity.teacher_orientations = 2;
    CHECK_THAT(testing::message_of([&] { check_cache_identity(cache, old, identity); }),
               Catch::Contains("another number of teacher orientations;"));
  }
  SECTION("augmentation") {
    identity.augmentation["hue"] = 90;
    CHECK_THAT(message(), Catch::Contains("augmentation"));
  }
  SECTION("size") {
    identity.preprocessing.size = 64;
    CHECK_THAT(message(), Catch::Contains("another size;"));
  }
  SECTION("truncated file") {
    std::filesystem::resize_file(cache_file(cache), 5000);
    CHECK_THAT(message(), Catch::Contains("has 5000 bytes"));
  }
  SECTION("no cache at all") {
    std::ofstream(cache_file(cache), std::ios::trunc) << "something else entirely";
    CHECK_THAT(message(), Catch::Contains("is not a knowledge cache"));
  }
}

TEST_CASE("A teacher that does not fit is refused") {
  CacheFixture fixture;
  SECTION("a folder without a teacher") {
    fixture.config.distill.teacher = fixture.folder.path();
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }), Catch::Contains("holds no trained teacher"));
  }
  SECTION("another teacher than before") {
    fixture.config.distill.teacher_sha256 = "0123";
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }), Catch::Contains("another teacher"));
  }
  SECTION("the second of an ensemble is another than before") {
    const auto other = fixture.folder.path() / "other";
    testing::train_other_teacher(other);
    fixture.config.distill.other_teachers = {{other, "0123"}};
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }),
               Catch::Contains(other.string()) && Catch::Contains("another teacher"));
  }
  SECTION("the same teacher twice") {
    fixture.config.distill.other_teachers = {{testing::tiny_teacher() / "best.safetensors", {}}};
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }), Catch::Contains("is the same teacher as"));
  }
  SECTION("an ensemble of two sizes") {
    const auto larger = fixture.folder.path() / "larger";
    testing::train_other_teacher(larger, [](RunConfig& c) { c.preprocessing.size = 48; });
    fixture.config.distill.other_teachers = {{larger, {}}};
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }), Catch::Contains(larger.string()) &&
                                                                     Catch::Contains("images of 48 pixels") &&
                                                                     Catch::Contains("expected 32 pixels"));
  }
  SECTION("an ensemble of two splits") {
    const auto elsewhere = fixture.folder.path() / "elsewhere";
    testing::train_other_teacher(elsewhere, [](RunConfig& c) { c.data.split.seed = 7; });
    fixture.config.data.split.validation = 0;
    fixture.config.data.allow_other_split = false;
    fixture.config.distill.other_teachers = {{elsewhere, {}}};
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }), Catch::Contains("--teacher " + elsewhere.string()) &&
                                                                     Catch::Contains("another split") &&
                                                                     Catch::Contains("seed 7"));
  }
  SECTION("an ensemble of other classes") {
    const auto swapped = fixture.folder.path() / "swapped.safetensors";
    Checkpoint checkpoint = read_checkpoint(testing::tiny_teacher() / "best.safetensors");
    std::swap(checkpoint.card.classes[0], checkpoint.card.classes[1]);
    write_checkpoint(swapped, checkpoint);
    fixture.config.distill.other_teachers = {{swapped, {}}};
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }),
               Catch::Contains("swapped") && Catch::Contains("knows the classes"));
  }
  SECTION("other classes") {
    std::swap(fixture.data.dataset.classes[0], fixture.data.dataset.classes[1]);
    CHECK_THAT(testing::message_of([&] { fixture.source({}); }), Catch::Contains("knows the classes"));
  }
}

}  // namespace dermdistill
