#include "native/train/split_check.h"

#include <algorithm>

#include "core/base/error.h"

namespace dermdistill {
using nlohmann::json;

std::string describe_training_images(const json& data) {
  if (!data.is_object() || !data.contains("split") || !data.at("split").is_object()) return "unknown images";
  std::string text = "data " + data.value("fingerprint", std::string("unknown")).substr(0, 12);
  for (const auto& [key, value] : data.at("split").items()) {
    text += ", " + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

void check_same_split(RunConfig& config, const ModelCard& card, const std::string& option) {
  const json ours = {{"fingerprint", config.data.fingerprint}, {"split", to_json(config.data.split)}};
  const json training = card.training.is_object() ? card.training : json::object();
  json others = training.value("other_splits", json::array());
  const json its = training.value("data", json::object());
  // An exported card says more of its data than these two.
  if (!its.is_object() || its.value("fingerprint", json()) != ours["fingerprint"] ||
      its.value("split", json()) != ours["split"])
    others.insert(others.begin(), its);
  for (const json& other : others) {
    if (!config.data.allow_other_split) {
      throw InputError(option,
                       "was trained on another split (" + describe_training_images(other) +
                           "), so that it may have seen the images this run is tested on",
                       "this run's split (" + describe_training_images(ours) + "), or --allow-other-split");
    }
    json& noted = config.data.other_splits;
    if (std::find(noted.begin(), noted.end(), other) == noted.end()) noted.push_back(other);
  }
}

}  // namespace dermdistill
