#include "core/io/model_card.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"

using namespace dermdistill;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

ModelCard example() {
  ModelCard card;
  card.name = "student";
  card.architecture = "mobilenet_v2";
  card.width = 0.5;
  card.classes = isic_classes();
  for (const std::string& code : card.classes) card.class_names.push_back(full_class_name(code));
  card.preprocessing.size = 112;
  card.preprocessing.rule = ResizeRule::CropShorterSide;
  card.temperature = 1.37;
  card.operating_points = {{"MEL", 0.21, 0.9, 0.81}, {"malignant", 0.4, 0.95, 0.7}};
  card.metrics = {{"accuracy", 0.8}, {"per_class", {1, 2, 3}}};
  card.training = {{"method", "ssd-kd"}, {"epochs", 150}};
  card.notices = json::array({"ISIC 2019, CC BY-NC 4.0"});
  card.out_of_distribution = {{"threshold", 12.5}};
  card.weights_sha256 = std::string(64, 'a');
  return card;
}

// The message of the error that the example's card gives after `change`.
template <typename Change>
std::string error_after(Change change) {
  json document = json::parse(to_json_text(example()));
  change(document);
  try {
    parse_model_card(document.dump(), "student.onnx");
  } catch (const FormatError& error) {
    CHECK_THAT(error.what(), Catch::StartsWith("student.onnx: "));
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a card survives a round trip", "[io]") {
  const ModelCard card = example(), back = parse_model_card(to_json_text(card), "f");
  CHECK(back.name == card.name);
  CHECK(back.architecture == card.architecture);
  CHECK(back.width == card.width);
  CHECK(back.classes == card.classes);
  CHECK(back.class_names == card.class_names);
  CHECK(back.preprocessing.size == 112);
  CHECK(back.preprocessing.mean == card.preprocessing.mean);
  CHECK(back.preprocessing.std == card.preprocessing.std);
  CHECK(back.preprocessing.rule == ResizeRule::CropShorterSide);
  CHECK(back.temperature == card.temperature);
  REQUIRE(back.operating_points.size() == 2);
  CHECK(back.operating_points[1].target == "malignant");
  CHECK(back.operating_points[1].threshold == 0.4);
  CHECK(back.operating_points[1].sensitivity == 0.95);
  CHECK(back.operating_points[1].specificity == 0.7);
  CHECK(back.metrics == card.metrics);
  CHECK(back.training == card.training);
  CHECK(back.notices == card.notices);
  CHECK(back.out_of_distribution == card.out_of_distribution);
  CHECK(back.weights_sha256 == card.weights_sha256);
  CHECK(to_json_text(back) == to_json_text(card));
}

TEST_CASE("numbers are written in their shortest form and come back to the bit", "[io]") {
  CHECK_THAT(to_json_text(example()), Contains("0.485") && !Contains("0.48500"));
  ModelCard card = example();
  card.preprocessing.mean = {0.1234567f, 1.0f / 3.0f, 0.0f};
  card.preprocessing.std = {1e-7f, 16777216.0f, 0.2f};
  const ModelCard back = parse_model_card(to_json_text(card), "f");
  CHECK(back.preprocessing.mean == card.preprocessing.mean);
  CHECK(back.preprocessing.std == card.preprocessing.std);
}

TEST_CASE("a card says in how many orientations its model looks, once where it does not", "[io]") {
  ModelCard card = example();
  CHECK(parse_model_card(to_json_text(card), "f").orientations == 1);
  CHECK(parse_model_card(to_json_text(card), "f").format_version == 1);
  card.orientations = 8;
  CHECK(parse_model_card(to_json_text(card), "f").format_version == 2);  // older programs would look once
  CHECK(parse_model_card(to_json_text(card), "f").orientations == 8);
  CHECK(error_after([](json& of_before) { of_before.erase("orientations"); }).empty());
}

TEST_CASE("each missing field is named", "[io][bad-input]") {
  for (const char* field : {"format_version", "name", "architecture", "width", "classes", "class_names",
                            "preprocessing", "temperature", "operating_points", "weights_sha256"})
    CHECK(error_after([&](json& card) { card.erase(field); }) ==
          "student.onnx: the model card lacks the field " + std::string(field));
  for (const char* field : {"size", "mean", "std", "resize"})
    CHECK_THAT(error_after([&](json& card) { card["preprocessing"].erase(field); }),
               Contains("lacks the field preprocessing." + std::string(field)));
  for (const char* field : {"target", "threshold", "sensitivity", "specificity"})
    CHECK_THAT(error_after([&](json& card) { card["operating_points"][1].erase(field); }),
               Contains("lacks the field operating_points[1]." + std::string(field)));
  for (const char* field : {"metrics", "training", "notices", "out_of_distribution"})
    CHECK(error_after([&](json& card) { card.erase(field); }).empty());
}

TEST_CASE("each field that does not fit is named", "[io][bad-input]") {
  const auto with = [](const char* path, const json& value) {
    return error_after([&](json& card) { card[json::json_pointer(path)] = value; });
  };
  CHECK_THAT(with("/name", 7), Contains("name does not fit; expected text"));
  CHECK_THAT(with("/format_version", 3),
             Contains("format version 3 and was made by a newer program; expected version 2"));
  CHECK_THAT(with("/format_version", "1"), Contains("format_version does not fit"));
  CHECK_THAT(with("/width", 0), Contains("width does not fit; expected a positive number"));
  CHECK_THAT(with("/temperature", -1.5), Contains("temperature does not fit"));
  CHECK_THAT(with("/temperature", nullptr), Contains("temperature does not fit; expected a number"));
  CHECK_THAT(with("/classes", "MEL"), Contains("classes does not fit; expected an array of text"));
  CHECK_THAT(with("/classes", json::array()), Contains("at least one class, each once"));
  CHECK_THAT(with("/classes/1", "MEL"), Contains("at least one class, each once"));
  CHECK_THAT(with("/classes/1", 3), Contains("an array of text"));
  CHECK_THAT(with("/class_names", json::array({"Melanoma"})),
             Contains("class_names does not fit; expected as many as classes: 8"));
  CHECK_THAT(with("/preprocessing", 1), Contains("preprocessing is not an object"));
  CHECK_THAT(with("/preprocessing/size", 0),
             Contains("preprocessing.size does not fit; expected a whole number from 1 to 4096"));
  CHECK_THAT(with("/preprocessing/size", 1e18), Contains("preprocessing.size does not fit"));
  CHECK_THAT(with("/preprocessing/mean", json::array({1, 2})),
             Contains("preprocessing.mean does not fit; expected three numbers"));
  CHECK_THAT(with("/preprocessing/mean/0", 1e300), Contains("preprocessing.mean does not fit"));
  CHECK_THAT(with("/preprocessing/std/2", 0),
             Contains("preprocessing.std does not fit; expected three positive numbers"));
  CHECK_THAT(with("/preprocessing/resize", "stretch"), Contains("squash or crop-shorter-side, not \"stretch\""));
  CHECK_THAT(with("/preprocessing/detail", -1),
             Contains("preprocessing.detail does not fit; expected a whole number from 0 to 4096"));
  CHECK_THAT(with("/orientations", 3), Contains("orientations does not fit; expected 1, 2, 4 or 8"));
  CHECK_THAT(with("/orientations", 16), Contains("orientations does not fit; expected a whole number from 1 to 8"));
  CHECK_THAT(with("/orientations", "8"), Contains("orientations does not fit"));
  CHECK_THAT(with("/operating_points", 1), Contains("operating_points does not fit; expected an array"));
  CHECK_THAT(with("/operating_points/0", 1), Contains("operating_points[0] is not an object"));
  CHECK_THAT(with("/operating_points/0/threshold", 1.5),
             Contains("operating_points[0].threshold does not fit; expected a number from 0 to 1"));
}

TEST_CASE("text that is not a JSON object is refused", "[io][bad-input]") {
  CHECK_THROWS_WITH(parse_model_card("", "f"), Contains("f: the model card is not valid JSON"));
  CHECK_THROWS_WITH(parse_model_card("{\"name\":", "f"), Contains("not valid JSON"));
  CHECK_THROWS_WITH(parse_model_card("[1]", "f"), Contains("the model card is not an object"));
}

TEST_CASE("the classes of ISIC 2019 have names", "[io]") {
  CHECK(isic_classes() == std::vector<std::string>{"MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"});
  CHECK(full_class_name("MEL") == "Melanoma");
  for (const std::string& code : isic_classes()) CHECK(full_class_name(code) != code);
  CHECK(full_class_name("wart") == "wart");
}
