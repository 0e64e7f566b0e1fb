#include "core/metrics/target.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr std::array<std::string_view, 4> kMalignantClasses = {"MEL", "BCC", "AK", "SCC"};
}  // namespace

std::span<const std::string_view> malignant_classes() { return kMalignantClasses; }

std::vector<bool> target_members(std::span<const std::string> classes, std::string_view target) {
  const bool is_group = target == kMalignantTarget && class_index(classes, target) < 0;
  std::vector<bool> members;
  for (const std::string& name : classes) {
    members.push_back(is_group ? std::find(kMalignantClasses.begin(), kMalignantClasses.end(), name) !=
                                     kMalignantClasses.end()
                               : name == target);
  }
  return members;
}

std::vector<bool> known_target_members(std::span<const std::string> classes, std::string_view target) {
  auto members = target_members(classes, target);
  if (std::find(members.begin(), members.end(), true) != members.end()) return members;
  std::string known;
  for (const std::string& name : classes) known += (known.empty() ? "" : ", ") + name;
  throw InputError("target " + std::string(target), "not among the classes of the predictions", "one of " + known);
}

std::vector<float> target_scores(const Predictions& predictions, std::string_view target) {
  const auto members = known_target_members(predictions.classes, target);
  std::vector<float> scores(predictions.labels.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double sum = 0;
    for (std::size_t c = 0; c < members.size(); ++c) {
      if (members[c]) sum += predictions.probabilities[i * members.size() + c];
    }
    scores[i] = static_cast<float>(sum);
  }
  return scores;
}

std::vector<std::uint8_t> target_truth(const Predictions& predictions, std::string_view target) {
  const auto members = known_target_members(predictions.classes, target);
  std::vector<std::uint8_t> truth;
  for (const int label : predictions.labels) truth.push_back(members[static_cast<std::size_t>(label)]);
  return truth;
}

}  // namespace dermdistill
