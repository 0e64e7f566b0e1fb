#include "core/learn/out_of_distribution.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/index.h"

namespace dermdistill {
namespace {

using nlohmann::json;

constexpr char kScore[] = "early-distance";
constexpr char kMeaning[] =
    "Mahalanobis distance of the early embedding (the average over the last map at an eighth of the picture's side) to "
    "the mean of training images; above the threshold, which keeps the share \"kept\" of validation images, an image "
    "is "
    "unlike them";

/// The value below which the share lies, between neighbours by straight line; not empty.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace

std::optional<StrangerScore> StrangerScore::from(const json& entry, const Gaussian* gaussian, std::string_view name) {
  if (!entry.is_object() || entry.empty()) return std::nullopt;
  const auto kind = entry.find("score");
  if (kind == entry.end() || *kind != kScore) throw FormatError(name, kBeforeEarlyEmbedding, kExportAgain);
  const auto number = [&](const char* field) {
    const auto found = entry.find(field);
    if (found == entry.end() || !found->is_number() || !std::isfinite(found->get<double>()))
      throw FormatError(name, std::string("the model card's field out_of_distribution has no usable ") + field,
                        "a number");
    return found->get<double>();
  };
  StrangerScore result;
  result.threshold_ = number("threshold");
  result.kept_ = number("kept");
  if (!gaussian)
    throw FormatError(name, "its card compares early embeddings with statistics that it does not have",
                      "the metadata entry dermdistill.early_statistics");
  result.gaussian_ = *gaussian;
  return result;
}

StrangerVerdict StrangerScore::operator()(std::span<const float> early_embedding) const {
  const double score = mahalanobis_distance(gaussian_, early_embedding);
  return {score, threshold_, !(score <= threshold_)};
}

json fit_stranger_score(std::span<const float> early_embeddings, const Gaussian& gaussian) {
  const std::size_t channels = at(gaussian.channels);
  if (early_embeddings.empty() || early_embeddings.size() % channels != 0)
    throw ShapeError("early embeddings", std::to_string(early_embeddings.size()) + " values",
                     "rows of " + std::to_string(channels) + ", of validation images");
  std::vector<double> distances;
  for (std::size_t first = 0; first < early_embeddings.size(); first += channels)
    distances.push_back(mahalanobis_distance(gaussian, early_embeddings.subspan(first, channels)));
  std::sort(distances.begin(), distances.end());
  json percentiles = json::object();
  for (const int percent : {5, 50, 90, 95, 99})
    percentiles[std::to_string(percent)] = quantile(distances, percent / 100.0);
  return {{"score", kScore},
          {"images", distances.size()},
          {"kept", kKeptShare},
          {"percentiles", percentiles},
          {"threshold", quantile(distances, kKeptShare)},
          {"meaning", kMeaning}};
}

}  // namespace dermdistill
