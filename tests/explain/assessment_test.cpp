#include "core/explain/assessment.h"

#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.h"

using namespace dermdistill;
using Catch::Matchers::Contains;

namespace {

ModelCard card() {
  ModelCard result;
  result.classes = isic_classes();
  result.operating_points = {
      {"malignant", 0.5, 0.9, 0.8}, {"MEL", 0.3, 0.9, 0.7}, {"MEL", 0.1, 0.95, 0.5}, {"XYZ", 0.1, 1, 1}};
  result.metrics = {{"validation",
                     {{"reliability",
                       {{{"low", 0}, {"high", 0.5}, {"count", 9}, {"mean_confidence", 0.4}, {"accuracy", 0.3}},
                        {{"low", 0.5}, {"high", 1}, {"count", 90}, {"mean_confidence", 0.8}, {"accuracy", 0.7}}}}}}};
  return result;
}

}  // namespace

TEST_CASE("an assessment compares targets with the card's points and tells how often it is right", "[explain]") {
  const Assessment result = assess(card(), std::vector<float>{0.2F, 0.1F, 0.6F, 0.02F, 0.02F, 0.02F, 0.02F, 0.02F});
  CHECK(result.top == 2);
  REQUIRE(result.right_when_this_sure);
  CHECK(result.right_when_this_sure->accuracy == 0.7);
  REQUIRE(result.targets.size() == 2);  // a target that the classes do not have is left out
  CHECK(result.targets[0].target == "MEL");
  REQUIRE(result.targets[0].points.size() == 2);
  CHECK(result.targets[0].points[0].point.threshold == 0.1);
  CHECK(result.targets[0].points[0].reached);
  CHECK_FALSE(result.targets[0].points[1].reached);
  CHECK(result.targets[1].probability == Approx(0.84));
  CHECK(result.targets[1].points[0].reached);
}

TEST_CASE("a bin of few images and a card without bins say nothing", "[explain]") {
  const std::vector<float> unsure{0.4F, 0.1F, 0.1F, 0.1F, 0.1F, 0.1F, 0.05F, 0.05F};
  CHECK_FALSE(assess(card(), unsure).right_when_this_sure);
  ModelCard old = card();
  old.metrics = nlohmann::json::object();
  CHECK_FALSE(assess(old, unsure).right_when_this_sure);
}

TEST_CASE("an assessment refuses what are no probabilities of the card's classes", "[explain]") {
  CHECK_THROWS_WITH(assess(card(), std::vector<float>{1, 0}), Contains("2 values") && Contains("8"));
  std::vector<float> broken(8, 0.125F);
  broken[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(assess(card(), broken), Contains("not finite"));
}
