// The loss terms against the golden files: every file of the loss kind, every term it names.
#include "tests/support/golden.h"

#include <functional>

#include <catch2/catch.hpp>

#include "core/distill/classification.h"
#include "core/distill/distill_loss.h"
#include "core/distill/error_ranking.h"
#include "core/distill/feature_losses.h"
#include "core/distill/relations.h"
#include "core/distill/self_supervision.h"
#include "core/distill/views.h"

namespace dermdistill {
namespace {

using testing::GoldenLoss;
using testing::GoldenLosses;
using testing::GoldenTensor;

constexpr double kValueTolerance = 1e-4, kGradientTolerance = 1e-3;

/// N,C,H,W -> N,H,W,C, or back.
template <typename T>
std::vector<T> permute(const std::vector<T>& values, const std::vector<std::int64_t>& nchw, bool to_nhwc) {
  const std::int64_t n = nchw.at(0), c = nchw.at(1), p = nchw.at(2) * nchw.at(3);
  std::vector<T> out(values.size());
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < c; ++j) {
      for (std::int64_t k = 0; k < p; ++k) {
        const std::size_t first = static_cast<std::size_t>((i * c + j) * p + k);
        const std::size_t last = static_cast<std::size_t>((i * p + k) * c + j);
        (to_nhwc ? out[last] : out[first]) = to_nhwc ? values[first] : values[last];
      }
    }
  }
  return out;
}

MapShape map_shape(const GoldenTensor& tensor) {
  return {static_cast<int>(tensor.shape.at(0)), static_cast<int>(tensor.shape.at(2) * tensor.shape.at(3)),
          static_cast<int>(tensor.shape.at(1))};
}

/// One golden term computed by our functions, its gradient in the golden's layout.
struct Computed {
  double value = 0;
  std::vector<float> gradient;
  std::vector<int> kept;
};

/// The number after `key` in a term's name, such as 0.75 in "similarity_T0.5_ratio0.75".
double number_after(const std::string& name, const std::string& key, double fallback) {
  const std::size_t place = name.find(key);
  return place == std::string::npos ? fallback : std::stod(name.substr(place + key.size()));
}

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

Computed compute(const GoldenLosses& golden, const std::string& term) {
  const int images = static_cast<int>(golden.labels.size());
  const int classes = static_cast<int>(golden.class_weights.size());
  Computed result;
  const auto gradient_of = [&](const char* input) -> std::span<float> {
    result.gradient.assign(golden.input(input).values.size(), 0.0F);
    return result.gradient;
  };
  const std::vector<float>&student = golden.input("student_logits").values,
        &teacher = golden.input("teacher_logits").values;
  if (term == "weighted_cross_entropy") {
    result.value = weighted_cross_entropy(student, golden.labels, normal_rows(images), golden.class_weights, 1.0F,
                                          gradient_of("student_logits"));
  } else if (starts_with(term, "kd_normal_T")) {
    result.value =
        knowledge_distillation(student, teacher, classes, normal_rows(images),
                               static_cast<float>(number_after(term, "_T", 4)), 1.0F, gradient_of("student_logits"));
  } else if (starts_with(term, "kd_transformed_T")) {
    const std::vector<int> transformed = transformed_rows(images);
    std::vector<float> scores;
    std::vector<int> labels, rows;
    for (std::size_t r = 0; r < transformed.size(); ++r) {
      const auto row = teacher.begin() + transformed[r] * classes;
      scores.insert(scores.end(), row, row + classes);
      labels.push_back(golden.labels[r / 3]);
    }
    result.kept = rank_by_teacher_error(scores, classes, labels, number_after(term, "ratio", 1));
    for (const int row : result.kept) rows.push_back(transformed[static_cast<std::size_t>(row)]);
    result.value =
        knowledge_distillation(student, teacher, classes, rows, static_cast<float>(number_after(term, "_T", 4)), 1.0F,
                               gradient_of("student_logits"));
  } else if (starts_with(term, "similarity_T")) {
    SelfSupervisionWorkspace workspace;
    const double ratio = number_after(term, "ratio", 1);
    result.value = similarity_loss(golden.input("student_projection").values, golden.input("teacher_projection").values,
                                   images, static_cast<float>(number_after(term, "_T", 0.5)), ratio, 1.0F,
                                   gradient_of("student_projection"), workspace);
    result.kept.resize(static_cast<std::size_t>(3 * images));
    result.kept.resize(static_cast<std::size_t>(keep_best_ranked(workspace.ranks, ratio, result.kept)));
  } else if (term == "ssp_cross_entropy_teacher_head") {
    SelfSupervisionWorkspace workspace;
    result.value = contrastive_cross_entropy(golden.input("student_projection").values, images, 1.0F,
                                             gradient_of("student_projection"), workspace);
  } else if (term == "rkd_distance" || term == "rkd_angle") {
    RelationWorkspace workspace;
    const auto loss = term == "rkd_angle" ? rkd_angle : rkd_distance;
    result.value = loss(golden.input("student_embedding").values, golden.input("teacher_embedding").values, images * 4,
                        1.0F, gradient_of("student_embedding"), workspace);
  } else if (term == "channel_relational" || term == "fitnet_mse") {
    const GoldenTensor &s = golden.input("student_features"), &t = golden.input("teacher_features");
    const std::vector<float> ours = permute(s.values, s.shape, true), theirs = permute(t.values, t.shape, true);
    ChannelRelationWorkspace workspace;
    const std::span<float> gradient = gradient_of("student_features");
    result.value = term == "fitnet_mse" ? fitnet_mse(ours, theirs, 1.0F, gradient)
                                        : channel_relational(ours, theirs, map_shape(s), 1.0F, gradient, workspace);
    result.gradient = permute(result.gradient, s.shape, false);
  } else {
    FAIL("golden term without a function: " << term);
  }
  return result;
}

TEST_CASE("every term of every golden file has the paper's value, gradient and kept rows") {
  const std::vector<GoldenLosses> files = testing::load_golden_losses();
  REQUIRE(files.size() >= 2);
  for (const GoldenLosses& golden : files) {
    REQUIRE_FALSE(golden.losses.empty());
    for (const auto& [term, expected] : golden.losses) {
      INFO(golden.file << ": " << term);
      const Computed computed = compute(golden, term);
      CHECK(std::abs(computed.value - expected.value) <= kValueTolerance * std::abs(expected.value));
      REQUIRE(expected.gradients.size() == 1);
      const std::vector<double>& gradient = expected.gradients.begin()->second;
      CHECK(testing::largest_relative_difference<float, double>(computed.gradient, gradient) <= kGradientTolerance);
      if (!expected.kept.empty()) CHECK(computed.kept == expected.kept);
    }
  }
}

TEST_CASE("the similarity matrix of every golden file is the paper's") {
  for (const GoldenLosses& golden : testing::load_golden_losses()) {
    if (golden.student_similarity.empty()) continue;
    INFO(golden.file);
    SimilarityMatrix matrix;
    matrix.compute(golden.input("student_projection").values, static_cast<int>(golden.labels.size()));
    CHECK(testing::largest_relative_difference<double, double>(matrix.values(), golden.student_similarity) < 1e-6);
  }
}

TEST_CASE("DistillLoss adds up the golden terms of SSD-KD with the paper's weights") {
  for (const GoldenLosses& golden : testing::load_golden_losses()) {
    INFO(golden.file);
    const LossConfig config = loss_config(Method::SsdKd);
    const GoldenTensor &s = golden.input("student_features"), &t = golden.input("teacher_features");
    const std::vector<float> ours = permute(s.values, s.shape, true), theirs = permute(t.values, t.shape, true);
    StudentViews student;
    TeacherViews teacher;
    student.images = teacher.images = static_cast<int>(golden.labels.size());
    student.classes = teacher.classes = static_cast<int>(golden.class_weights.size());
    student.logits = golden.input("student_logits").values;
    student.embedding = golden.input("student_embedding").values;
    student.projection = golden.input("student_projection").values;
    student.regressed = ours;
    teacher.logits = golden.input("teacher_logits").values;
    teacher.embedding = golden.input("teacher_embedding").values;
    teacher.projection = golden.input("teacher_projection").values;
    teacher.features = theirs;
    student.height = teacher.height = static_cast<int>(s.shape.at(2));
    student.width = teacher.width = static_cast<int>(s.shape.at(3));
    student.channels = teacher.channels = static_cast<int>(s.shape.at(1));
    DistillLoss loss(config, golden.class_weights);
    StudentGradients gradients;
    const LossTerms terms = loss.evaluate(student, teacher, golden.labels, gradients);

    const std::map<std::string, std::pair<std::string, double>> expected{
        {"ce", {"weighted_cross_entropy", 0.1}},
        {"kd", {"kd_normal_T4", 0.9}},
        {"kd_transformed", {"kd_transformed_T4_ratio1.0", 2.7}},
        {"ss", {"similarity_T0.5_ratio0.75", 10}},
        {"rkd_distance", {"rkd_distance", 25}},
        {"rkd_angle", {"rkd_angle", 50}},
        {"crkd", {"channel_relational", 1000}}};
    REQUIRE(terms.terms.size() == expected.size());
    std::map<std::string, std::vector<double>> gradient;
    double total = 0;
    for (const auto& [name, value] : terms.terms) {
      INFO(name);
      const auto& [term, weight] = expected.at(name);
      REQUIRE(golden.losses.count(term) == 1);
      const GoldenLoss& pinned = golden.losses.at(term);
      CHECK(std::abs(value - pinned.value) <= kValueTolerance * pinned.value);
      total += weight * pinned.value;
      const auto& [input, part] = *pinned.gradients.begin();
      std::vector<double>& sum = gradient[input];
      sum.resize(part.size(), 0.0);
      for (std::size_t i = 0; i < part.size(); ++i) sum[i] += weight * part[i];
    }
    CHECK(std::abs(terms.total - total) <= kValueTolerance * total);
    using testing::largest_relative_difference;
    CHECK(largest_relative_difference<float, double>(gradients.logits, gradient.at("student_logits")) <=
          kGradientTolerance);
    CHECK(largest_relative_difference<float, double>(gradients.embedding, gradient.at("student_embedding")) <=
          kGradientTolerance);
    CHECK(largest_relative_difference<float, double>(gradients.projection, gradient.at("student_projection")) <=
          kGradientTolerance);
    CHECK(largest_relative_difference<float, double>(permute(gradients.regressed, s.shape, false),
                                                     gradient.at("student_features")) <= kGradientTolerance);
  }
}

}  // namespace
}  // namespace dermdistill
