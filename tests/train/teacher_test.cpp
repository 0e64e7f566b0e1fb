// What teachers say over several orientations of a view and together, with real networks of random weights.
#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/distill/views.h"
#include "core/image/preprocess.h"
#include "native/train/ensemble_pass.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

constexpr int kSide = 32, kClasses = 5, kPictures = 3;
constexpr std::size_t kValues = kSide * kSide * 3;

Teacher random_teacher(std::uint64_t seed, int classes = kClasses) {
  Random random(seed, 0);
  Network network({Architecture::MobileNetV2, 0.25, classes});
  network.initialise(random);
  Teacher teacher;
  teacher.network = FoldedNetwork::from(network);
  return teacher;
}

/// [kPictures * views, kSide, kSide, 3]: each picture and, behind it, its quarter turns.
std::vector<float> random_views(int views) {
  Random random(3, 0);
  std::vector<float> all(kPictures * static_cast<std::size_t>(views) * kValues);
  for (std::size_t image = 0; image < kPictures; ++image) {
    const auto rows = std::span(all).subspan(image * static_cast<std::size_t>(views) * kValues);
    for (float& value : rows.first(kValues)) value = static_cast<float>(random.normal());
    for (int view = 1; view < views; ++view)
      rotate_view(rows.first(kValues), kSide, view, rows.subspan(static_cast<std::size_t>(view) * kValues, kValues));
  }
  return all;
}

std::vector<float> turned(std::span<const float> pictures, ViewOrientation orientation) {
  std::vector<float> out(pictures.size());
  for (std::size_t start = 0; start < out.size(); start += kValues)
    turn_view(pictures.subspan(start, kValues), kSide, orientation, std::span(out).subspan(start, kValues));
  return out;
}

std::vector<float> copy_of(std::span<const float> values) { return {values.begin(), values.end()}; }

struct Answer {
  std::vector<float> logits, embedding, features;
};

Answer answer_of(Teacher& teacher, std::span<const float> views, int views_each, int orientations, int max_rows) {
  TeacherPass pass(teacher, backend_named("auto"), max_rows, kSide, orientations);
  const TeacherViews said = pass.forward(views, kPictures, kPictures * views_each, false);
  return {copy_of(said.logits), copy_of(said.embedding), copy_of(said.features)};
}

double distance(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double most = 0, scale = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    scale = std::max(scale, std::abs(static_cast<double>(b[i])));
  }
  return most / scale;
}

}  // namespace

TEST_CASE("A teacher's averaged logits are the mean of single passes over turned pictures") {
  Teacher teacher = random_teacher(1);
  const std::vector<float> pictures = random_views(1);
  for (const int count : {2, 4, 8}) {
    std::vector<float> mean(kPictures * kClasses);
    for (const ViewOrientation orientation : std::span(kViewOrientations).first(static_cast<std::size_t>(count))) {
      const Answer single = answer_of(teacher, turned(pictures, orientation), 1, 1, kPictures);
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += single.logits[i] / static_cast<float>(count);
    }
    const Answer upright = answer_of(teacher, pictures, 1, 1, kPictures);
    CHECK(distance(upright.logits, mean) > 1e-3);  // the network does not see all orientations alike
    // One orientation at a time, two, and all.
    for (const int max_rows : {kPictures, 2 * kPictures + 1, 8 * kPictures}) {
      INFO(count << " orientations, " << max_rows << " rows");
      const Answer averaged = answer_of(teacher, pictures, 1, count, max_rows);
      CHECK(distance(averaged.logits, mean) < 1e-5);
      CHECK(distance(averaged.embedding, upright.embedding) < 1e-5);
      CHECK(distance(averaged.features, upright.features) < 1e-5);
    }
  }
}

TEST_CASE("Of four views an image, a teacher averages the normal one and leaves the rotated ones") {
  Teacher teacher = random_teacher(1);
  const std::vector<float> pictures = random_views(1), views = random_views(kViewsPerImage);
  const int rows = kPictures * kViewsPerImage;
  const Answer own = answer_of(teacher, views, kViewsPerImage, 1, rows);
  for (const int count : {2, 4, 8}) {
    INFO(count << " orientations");
    const Answer mean = answer_of(teacher, pictures, 1, count, kPictures);
    const Answer averaged = answer_of(teacher, views, kViewsPerImage, count, rows);
    CHECK(averaged.embedding == own.embedding);
    CHECK(averaged.features == own.features);
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      INFO("row " << row);
      const auto said = std::span(averaged.logits).subspan(row * kClasses, kClasses);
      if (row % kViewsPerImage == 0) {
        CHECK(distance(said, std::span(mean.logits).subspan(row / kViewsPerImage * kClasses, kClasses)) < 1e-5);
      } else {
        CHECK(copy_of(said) == copy_of(std::span(own.logits).subspan(row * kClasses, kClasses)));
      }
    }
  }
}

TEST_CASE("A teacher that averages all orientations answers a turned or mirrored picture alike") {
  Teacher teacher = random_teacher(2);
  const std::vector<float> pictures = random_views(1);
  const Answer upright = answer_of(teacher, pictures, 1, 8, kPictures);
  for (const ViewOrientation orientation : kViewOrientations)
    CHECK(distance(answer_of(teacher, turned(pictures, orientation), 1, 8, kPictures).logits, upright.logits) < 1e-5);
}

TEST_CASE("A teacher with one orientation says what its network says, to the bit") {
  Teacher teacher = random_teacher(1);
  const std::vector<float> pictures = random_views(1);
  InferencePass pass(teacher.network, backend_named("auto"), kPictures, kSide, kSide);
  const NetworkOutputs outputs = pass.forward(pictures, kPictures);
  const Answer answer = answer_of(teacher, pictures, 1, 1, kPictures);
  CHECK(answer.logits == copy_of(outputs.logits));
  CHECK(answer.embedding == copy_of(outputs.embedding));
  CHECK(answer.features == copy_of(outputs.features));
}

TEST_CASE("An ensemble's logits are the mean of its teachers', in any order; the rest is the first one's") {
  constexpr int kTeachers = 3, kRows = kPictures * kViewsPerImage;
  const std::vector<float> views = random_views(kViewsPerImage);
  for (const int orientations : {1, 8}) {
    INFO(orientations << " orientations");
    std::vector<float> mean(kRows * kClasses);
    std::vector<Answer> single;
    for (std::uint64_t seed = 0; seed < kTeachers; ++seed) {
      Teacher teacher = random_teacher(seed);
      single.push_back(answer_of(teacher, views, kViewsPerImage, orientations, kRows));
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += single.back().logits[i] / kTeachers;
    }
    CHECK(distance(single[0].logits, mean) > 1e-2);
    for (std::uint64_t first = 0; first < kTeachers; ++first) {
      std::vector<Teacher> teachers;
      for (std::uint64_t i = 0; i < kTeachers; ++i) teachers.push_back(random_teacher((first + i) % kTeachers));
      EnsemblePass pass(teachers, backend_named("auto"), kRows, kSide, orientations);
      const TeacherViews said = pass.forward(views, kPictures, kRows, false);
      CHECK(distance(said.logits, mean) < 1e-5);
      CHECK(copy_of(said.embedding) == single[first].embedding);
      CHECK(copy_of(said.features) == single[first].features);
      EnsemblePass alone({teachers.data(), 1}, backend_named("auto"), kRows, kSide, orientations);
      CHECK(copy_of(alone.forward(views, kPictures, kRows, false).logits) == single[first].logits);
    }
  }
}

TEST_CASE("An ensemble has teachers, all of the same classes") {
  const Backend& backend = backend_named("auto");
  CHECK_THAT(testing::message_of([&] { EnsemblePass({}, backend, 1, kSide); }), Catch::Contains("has no teachers"));
  std::vector<Teacher> teachers;
  teachers.push_back(random_teacher(1));
  teachers.push_back(random_teacher(2, kClasses + 1));
  EnsemblePass pass(teachers, backend, kPictures, kSide);
  CHECK_THAT(testing::message_of([&] { pass.forward(random_views(1), kPictures, kPictures, false); }),
             Catch::Contains("18 logits") && Catch::Contains("15 as the first"));
}

TEST_CASE("A teacher refuses other numbers of orientations and views of another shape") {
  Teacher teacher = random_teacher(1);
  const Backend& backend = backend_named("auto");
  for (const int count : {-1, 0, 3, 16}) {
    CHECK_THAT(testing::message_of([&] { TeacherPass(teacher, backend, 1, kSide, count); }),
               Catch::Contains("are " + std::to_string(count)) && Catch::Contains("1, 2, 4 or 8"));
  }
  TeacherPass pass(teacher, backend, kPictures, kSide, 8);
  const std::vector<float> oblong(kSide * (kSide + 1) * 3);
  CHECK_THAT(testing::message_of([&] { pass.forward(oblong, 1, 1, false); }),
             Catch::Contains("3168 values for 1 views") && Catch::Contains("32 x 32"));
  CHECK_THAT(testing::message_of([&] { pass.forward(random_views(1), 2, 3, false); }),
             Catch::Contains("equally many views of each image"));
}

}  // namespace dermdistill
