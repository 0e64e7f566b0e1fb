#include "native/cli/prediction_text.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/metrics/metrics.h"

namespace dermdistill {
namespace {

using nlohmann::ordered_json;

/// File names need not be UTF-8; such bytes are replaced rather than refused.
std::string one_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// `text` filled up with spaces to `width` characters (UTF-8 counted by characters).
std::string padded(std::string text, std::size_t width) {
  const auto characters = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  if (characters < width) text.append(width - characters, ' ');
  return text;
}

std::string bar(double share) {
  constexpr int kCells = 24;
  constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(share * kCells * 8 + 0.5);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  return padded(text + kParts[eighths % 8], kCells);
}

std::vector<std::size_t> by_falling_probability(std::span<const float> probabilities) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return probabilities[a] > probabilities[b]; });
  return order;
}

/// The points whose threshold the image reaches, for each target only the highest; melanoma first.
std::vector<OperatingPoint> highest_reached(const ModelCard& card, std::span<const float> probabilities) {
  Predictions single;
  single.classes = card.classes;
  single.labels = {0};
  single.probabilities.assign(probabilities.begin(), probabilities.end());
  std::vector<OperatingPoint> result;
  for (const OperatingPoint& point : card.operating_points) {
    if (point.target != kMalignantTarget && class_index(card.classes, point.target) < 0) continue;
    if (target_scores(single, point.target).front() < point.threshold) continue;
    const auto same = std::find_if(result.begin(), result.end(),
                                   [&](const OperatingPoint& other) { return other.target == point.target; });
    if (same == result.end()) {
      result.push_back(point);
    } else if (same->threshold < point.threshold) {
      *same = point;
    }
  }
  std::stable_partition(result.begin(), result.end(),
                        [](const OperatingPoint& point) { return point.target == kMelanomaClass; });
  return result;
}

std::string reached_points(const ModelCard& card, std::span<const float> probabilities) {
  std::string text;
  for (const OperatingPoint& point : highest_reached(card, probabilities)) {
    const std::string target =
        point.target == kMalignantTarget ? "Malignant (MEL, BCC, AK, SCC together)" : full_class_name(point.target);
    text += "  ! " + target + ": above the threshold of " + printed("%.1f %%", 100 * point.threshold) + " that found " +
            printed("%.0f %%", 100 * point.sensitivity) + " of such lesions in validation (specificity " +
            printed("%.0f %%", 100 * point.specificity) + ")\n";
  }
  return text;
}

}  // namespace

std::string prediction_json(const ModelCard& card, std::string_view image, std::span<const float> probabilities,
                            const std::optional<StrangerVerdict>& verdict) {
  ordered_json values = ordered_json::object();
  for (std::size_t i = 0; i < card.classes.size(); ++i) values[card.classes[i]] = probabilities[i];
  const std::size_t top = by_falling_probability(probabilities).front();
  ordered_json result{{"image", image}, {"probabilities", values}, {"top", card.classes[top]}};
  if (verdict)
    result["out_of_distribution"] = {
        {"score", verdict->score}, {"threshold", verdict->threshold}, {"unlike", verdict->unlike}};
  return one_line(result);
}

std::string error_json(std::string_view image, std::string_view error) {
  return one_line({{"image", image}, {"error", error}});
}

std::string prediction_table(const ModelCard& card, std::string_view image, std::span<const float> probabilities,
                             const std::optional<StrangerVerdict>& verdict) {
  std::size_t code_width = 0, name_width = 0;
  for (std::size_t i = 0; i < card.classes.size(); ++i) {
    code_width = std::max(code_width, card.classes[i].size());
    name_width = std::max(name_width, card.class_names[i].size());
  }
  std::string text = std::string(image) + "\n";
  if (verdict && verdict->unlike)
    text +=
        "  ! This does not look like the dermoscopic images that the model knows; what it says below may mean "
        "nothing.\n";
  for (const std::size_t i : by_falling_probability(probabilities)) {
    text += "  " + padded(card.classes[i], code_width) + "  " + padded(card.class_names[i], name_width) + "  " +
            bar(probabilities[i]) + " " + printed("%5.1f %%", 100 * static_cast<double>(probabilities[i])) + "\n";
  }
  return text + reached_points(card, probabilities);
}

}  // namespace dermdistill
