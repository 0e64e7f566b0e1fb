// Error ranking, the table of methods, and DistillLoss as a whole.
#include <cmath>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/random.h"
#include "core/distill/distill_loss.h"
#include "core/distill/error_ranking.h"
#include "core/distill/views.h"
#include "tests/support/golden.h"

namespace dermdistill {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("rows and views") {
  CHECK(normal_rows(3) == std::vector<int>{0, 4, 8});
  CHECK(transformed_rows(2) == std::vector<int>{1, 2, 3, 5, 6, 7});
  CHECK(every_row(3) == std::vector<int>{0, 1, 2});
}

TEST_CASE("error ranking keeps what is right and the best of what is wrong") {
  // Ranks of the target: 0, 1, 2, 1, 0, 3.
  const std::vector<float> scores{9,      1, 2, 3,    /**/ 5, 9, 1, 2, /**/ 7, 8, 9, 1,
                                  /**/ 1, 2, 3, 2.5F, /**/ 0, 0, 0, 1, /**/ 4, 3, 2, 1};
  const std::vector<int> targets{0, 0, 0, 3, 3, 3};
  std::vector<int> ranks(6);
  target_ranks(scores, 4, targets, ranks);
  CHECK(ranks == std::vector<int>{0, 1, 2, 1, 0, 3});
  CHECK(rank_by_teacher_error(scores, 4, targets, 1.0) == std::vector<int>{0, 1, 2, 3, 4, 5});
  CHECK(rank_by_teacher_error(scores, 4, targets, 0.75) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(rank_by_teacher_error(scores, 4, targets, 0.5) == std::vector<int>{0, 1, 3, 4});
  CHECK(rank_by_teacher_error(scores, 4, targets, 0.25) == std::vector<int>{0, 1, 4});
  CHECK(rank_by_teacher_error(scores, 4, targets, 0.24) == std::vector<int>{0, 4});
  CHECK(rank_by_teacher_error(scores, 4, targets, 0.0) == std::vector<int>{0, 4});
  CHECK_THROWS_WITH(rank_by_teacher_error(scores, 4, targets, 1.5), Contains("share") && Contains("0 to 1"));
  CHECK_THROWS_WITH(rank_by_teacher_error(scores, 4, std::vector<int>{0, 0, 0, 4, 0, 0}, 1), Contains("label 4"));
}

TEST_CASE("of equal scores the lower class counts as the higher") {
  const std::vector<float> scores{1, 1, 1, 1, 1, 1};
  std::vector<int> ranks(2);
  target_ranks(scores, 3, std::vector<int>{0, 2}, ranks);
  CHECK(ranks == std::vector<int>{0, 2});
}

TEST_CASE("methods have names and the terms that those promise") {
  for (const Method method : all_methods()) CHECK(parse_method(to_string(method)) == method);
  CHECK(all_methods().size() == 8);
  CHECK_THROWS_WITH(parse_method("kdd"), Contains("method kdd") && Contains("ssd-kd"));
  const LossConfig whole = loss_config(Method::SsdKd);
  CHECK(whole.ce == 0.1F);
  CHECK(whole.kd == 0.9F);
  CHECK(whole.kd_transformed == 2.7F);
  CHECK(whole.ss == 10.0F);
  CHECK(whole.rkd_distance == 25.0F);
  CHECK(whole.rkd_angle == 50.0F);
  CHECK(whole.crkd == 1000.0F);
  CHECK(whole.keep_similarity == 0.75);
  for (const Method method : all_methods()) {
    INFO(to_string(method));
    const LossConfig config = loss_config(method);
    const bool four_views = method == Method::SsKd || method == Method::SsdKd;
    CHECK(needs_teacher(config) == (method != Method::Ce));
    CHECK(needs_transformed_views(config) == four_views);
    CHECK(needs_projection(config) == four_views);
    CHECK(needs_embedding(config) == (method == Method::Rkd || method == Method::DKd || method == Method::SsdKd));
    CHECK(needs_regressor(config) ==
          (method == Method::Fitnet || method == Method::Crkd || method == Method::DKd || method == Method::SsdKd));
  }
}

/// A batch of random outputs of both networks, of a method's number of views.
struct BatchOfViews {
  std::vector<float> logits, embedding, projection, regressed, teacher_logits, teacher_embedding, teacher_projection,
      features;
  std::vector<int> labels;
  StudentViews student;
  TeacherViews teacher;

  BatchOfViews(const LossConfig& config, int images, std::uint64_t seed) {
    Random random(seed);
    const std::size_t rows = static_cast<std::size_t>(images) * (needs_transformed_views(config) ? 4U : 1U);
    const auto fill = [&](std::vector<float>& values, std::size_t count) {
      values.resize(count);
      for (float& value : values) value = static_cast<float>(random.normal());
    };
    fill(logits, rows * 5);
    fill(teacher_logits, rows * 5);
    fill(embedding, rows * 9);
    fill(teacher_embedding, rows * 13);
    fill(projection, rows * 9);
    fill(teacher_projection, rows * 13);
    fill(regressed, rows * 2 * 3 * 13);
    fill(features, rows * 2 * 3 * 13);
    for (int i = 0; i < images; ++i) labels.push_back(static_cast<int>(random.below(5)));
    student.images = teacher.images = images;
    student.classes = teacher.classes = 5;
    student.height = teacher.height = 2;
    student.width = teacher.width = 3;
    student.channels = teacher.channels = 13;
    view();
  }

  void view() {
    student.logits = logits;
    student.embedding = embedding;
    student.projection = projection;
    student.regressed = regressed;
    teacher.logits = teacher_logits;
    teacher.embedding = teacher_embedding;
    teacher.projection = teacher_projection;
    teacher.features = features;
  }
};

const std::vector<float> kClassWeights{1.0F, 2.0F, 3.0F, 0.5F, 4.0F};

TEST_CASE("every method: the total is the weighted sum of its terms, its gradient the total's derivative") {
  for (const Method method : all_methods()) {
    const LossConfig config = loss_config(method);
    BatchOfViews batch(config, 4, 31);
    DistillLoss loss(config, kClassWeights);
    StudentGradients gradients, ignored;
    const LossTerms terms = loss.evaluate(batch.student, batch.teacher, batch.labels, gradients);
    INFO(to_string(method));
    CHECK(gradients.embedding.size() == (needs_embedding(config) ? batch.embedding.size() : 0));
    CHECK(gradients.projection.size() == (needs_projection(config) ? batch.projection.size() : 0));
    CHECK(gradients.regressed.size() == (needs_regressor(config) ? batch.regressed.size() : 0));
    double total = 0;
    for (const auto& [name, value] : terms.terms) {
      const std::map<std::string, float> weights{{"ce", config.ce},
                                                 {"kd", config.kd},
                                                 {"kd_transformed", config.kd_transformed},
                                                 {"ss", config.ss},
                                                 {"crkd", config.crkd},
                                                 {"rkd_distance", config.rkd_distance},
                                                 {"rkd_angle", config.rkd_angle},
                                                 {"fitnet", config.fitnet}};
      total += static_cast<double>(weights.at(name)) * value;
    }
    CHECK(terms.total == Approx(total));

    // The derivative along a random direction of all inputs at once.
    Random random(32);
    const auto direction_of = [&](const std::vector<float>& gradient) {
      std::vector<float> direction(gradient.size());
      for (float& value : direction) value = static_cast<float>(random.normal());
      return direction;
    };
    const std::vector<std::pair<std::vector<float>*, const std::vector<float>*>> inputs{
        {&batch.logits, &gradients.logits},
        {&batch.embedding, &gradients.embedding},
        {&batch.projection, &gradients.projection},
        {&batch.regressed, &gradients.regressed}};
    for (const auto& [input, gradient] : inputs) {
      if (gradient->empty()) continue;
      const std::vector<float> direction = direction_of(*gradient), centre = *input;
      const double expected = std::inner_product(direction.begin(), direction.end(), gradient->begin(), 0.0);
      const auto total_at = [&](float step) {
        for (std::size_t i = 0; i < centre.size(); ++i) (*input)[i] = centre[i] + step * direction[i];
        return loss.evaluate(batch.student, batch.teacher, batch.labels, ignored).total;
      };
      const double slope = (total_at(1e-3F) - total_at(-1e-3F)) / 2e-3;
      *input = centre;
      CHECK(slope == Approx(expected).epsilon(2e-3).margin(1e-3));
    }
  }
}

TEST_CASE("DistillLoss gives the same bits again, whatever it saw before") {
  const LossConfig config = loss_config(Method::SsdKd);
  const BatchOfViews first(config, 4, 41), second(config, 2, 42);
  DistillLoss loss(config, kClassWeights);
  StudentGradients before, between, after;
  const LossTerms a = loss.evaluate(first.student, first.teacher, first.labels, before);
  loss.evaluate(second.student, second.teacher, second.labels, after);
  const LossTerms b = loss.evaluate(first.student, first.teacher, first.labels, after);
  CHECK(a.total == b.total);
  CHECK(before.logits == after.logits);
  CHECK(before.embedding == after.embedding);
  CHECK(before.projection == after.projection);
  CHECK(before.regressed == after.regressed);
}

TEST_CASE("DistillLoss reuses its memory: gradients stay in place") {
  const LossConfig config = loss_config(Method::SsdKd);
  const BatchOfViews batch(config, 4, 43);
  DistillLoss loss(config, kClassWeights);
  StudentGradients gradients;
  loss.evaluate(batch.student, batch.teacher, batch.labels, gradients);
  const float *logits = gradients.logits.data(), *regressed = gradients.regressed.data();
  loss.evaluate(batch.student, batch.teacher, batch.labels, gradients);
  CHECK(gradients.logits.data() == logits);
  CHECK(gradients.regressed.data() == regressed);
}

TEST_CASE("DistillLoss names the input that does not fit") {
  const LossConfig config = loss_config(Method::SsdKd);
  BatchOfViews batch(config, 4, 44);
  DistillLoss loss(config, kClassWeights);
  StudentGradients gradients;
  const auto evaluate = [&]() { loss.evaluate(batch.student, batch.teacher, batch.labels, gradients); };
  const StudentViews student = batch.student;
  const TeacherViews teacher = batch.teacher;
  batch.student.logits = student.logits.subspan(1);
  CHECK_THROWS_WITH(evaluate(), Contains("student logits") && Contains("expected 80"));
  batch.student = student;
  batch.student.embedding = {};
  CHECK_THROWS_WITH(evaluate(), Contains("student embedding") && Contains("16 rows"));
  batch.student = student;
  batch.student.classes = 6;
  CHECK_THROWS_WITH(evaluate(), Contains("6 classes"));
  batch.student = student;
  batch.teacher.channels = 12;
  CHECK_THROWS_WITH(evaluate(), Contains("2x3x13") && Contains("2x3x12 as the teacher's"));
  batch.teacher = teacher;
  batch.teacher.images = 3;
  CHECK_THROWS_WITH(evaluate(), Contains("teacher's batch") && Contains("expected 4"));
  batch.teacher = teacher;
  batch.teacher.projection = teacher.projection.first(7);
  CHECK_THROWS_WITH(evaluate(), Contains("teacher projection"));
  batch.teacher = teacher;
  batch.labels[2] = 5;
  CHECK_THROWS_WITH(evaluate(), Contains("label 5") && Contains("0 to 4"));
  batch.labels[2] = 1;
  batch.labels.pop_back();
  CHECK_THROWS_WITH(evaluate(), Contains("labels") && Contains("expected 4"));
  CHECK_THROWS_WITH(DistillLoss(config, {1.0F, 0.0F}), Contains("weight of class 1"));
  CHECK_THROWS_WITH(DistillLoss(config, {}), Contains("class weights"));
}

TEST_CASE("a number that is not finite reaches the total instead of vanishing") {
  for (const Method method : all_methods()) {
    const LossConfig config = loss_config(method);
    BatchOfViews batch(config, 4, 45);
    DistillLoss loss(config, kClassWeights);
    StudentGradients gradients;
    INFO(to_string(method));
    for (std::vector<float>* input : {&batch.logits, &batch.embedding, &batch.projection, &batch.regressed}) {
      const bool used = input == &batch.logits || (input == &batch.embedding && needs_embedding(config)) ||
                        (input == &batch.projection && needs_projection(config)) ||
                        (input == &batch.regressed && needs_regressor(config));
      const float before = input->front();
      input->front() = NAN;
      CHECK(std::isnan(loss.evaluate(batch.student, batch.teacher, batch.labels, gradients).total) == used);
      input->front() = before;
    }
  }
}

}  // namespace
}  // namespace dermdistill
