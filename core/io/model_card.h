// What a model says of itself; stored in the model's own file, so that nothing about a model is known anywhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/image/preprocess.h"

namespace dermdistill {

/// A threshold on a calibrated probability, and what it gave on validation images.
struct OperatingPoint {
  std::string target;  // a class code such as "MEL", or "malignant"
  double threshold = 0, sensitivity = 0, specificity = 0;
};

struct ModelCard {
  int format_version = 1;  // written as 2 where a program of version 1 would answer otherwise
  std::string name;
  std::string architecture;              // "mobilenet_v2", "resnet50"
  double width = 1;                      // MobileNetV2's width multiplier
  std::vector<std::string> classes;      // codes, in the order of the logits
  std::vector<std::string> class_names;  // in full, as many as classes
  Preprocessing preprocessing;
  int orientations = 1;    // embeddings and logits are means over so many ways to lay a picture: 1, 2, 4 or 8
  double temperature = 1;  // logits are divided by it before the softmax
  std::vector<OperatingPoint> operating_points;
  nlohmann::json metrics = nlohmann::json::object();
  nlohmann::json training = nlohmann::json::object();
  nlohmann::json notices = nlohmann::json::array();  // licences and attributions of the training data
  nlohmann::json out_of_distribution = nlohmann::json::object();
  std::string weights_sha256;
  std::string trunk_sha256;  // of everything but the classifier; "" in files of older versions
};

/// Indented JSON, the same text for the same card.
std::string to_json_text(const ModelCard& card);

/// @throws FormatError naming the field that is missing, of the wrong type or out of range, and `name`.
ModelCard parse_model_card(std::string_view json, std::string_view name);

/// MEL NV BCC AK BKL DF VASC SCC: the classes of ISIC 2019 in their official order.
const std::vector<std::string>& isic_classes();

/// "Melanoma" for "MEL"; the code itself when it is not one of ISIC's.
std::string full_class_name(std::string_view code);

}  // namespace dermdistill
